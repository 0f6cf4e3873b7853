"""A promise without a test is none."""

import re
from pathlib import Path


def test_every_test_that_holds_a_promise_is_there(root: Path) -> None:
    page = (root / "docs/promises.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| P")]
    named = {name for row in rows for name in re.findall(r"`((?:test_|Test)\w+)`", row[3])}
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (root / "tests").rglob("test_*.py"))
    assert rows
    assert all(re.search(r"`(test_|Test)", row[3]) for row in rows)
    assert not {name for name in named if not re.search(rf"\b(def|class) {name}\b", tests)}
