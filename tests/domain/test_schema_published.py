"""The schemas that are published, and the files that name them."""

import json
import re
from pathlib import Path

import pytest

from syncline.cli.example import write_example
from syncline.config.schema import FILES, File, schema
from tests.domain.yamls import complaints

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file", FILES)
def test_the_published_schema_is_the_one_of_this_version(file: File) -> None:
    published = json.loads((ROOT / f"docs/schema/{file}.json").read_text(encoding="utf-8"))
    assert published == schema(file), f"mend it: make format, or syncline schema {file} > docs/schema/{file}.json"


def test_every_example_fits_its_schema() -> None:
    found = [*ROOT.glob("examples/**/*.yaml"), *ROOT.glob("syncline/**/*.yaml")]
    assert found
    for path in found:
        assert not complaints(path.read_bytes(), "workspace" if path.name == "syncline.yaml" else "connection"), path


def test_what_init_writes_names_its_schema_and_fits_it_also_where_it_is_commented_out(tmp_path: Path) -> None:
    kinds: list[File] = ["workspace", "connection"]
    for kind, path in zip(kinds, write_example(tmp_path), strict=False):
        first, _, text = path.read_text(encoding="utf-8").partition("\n")
        named = path.parent / first.removeprefix("# yaml-language-server: $schema=")
        assert named.resolve() == tmp_path / ".syncline" / "schema" / f"{kind}.json"
        assert not complaints(
            re.sub(r"^( *)# (?=\w+:| +\w+:)(?!.*from outside)", r"\1", text, flags=re.MULTILINE), kind
        )


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_the_yaml_of_a_page_fits_its_schema(page: Path) -> None:
    blocks = re.findall(
        r"^```yaml\n# (connections/|syncline)\S*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL
    )
    for kind, text in blocks:
        assert not complaints(text, "workspace" if kind == "syncline" else "connection"), text
