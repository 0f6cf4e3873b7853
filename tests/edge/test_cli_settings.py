"""Settings on the command line: where they come from, what is wrong with them, and what editors are told."""

import json
from pathlib import Path

from tests.edge.shop import Call, configure


def test_where_a_setting_comes_from_is_shown(shop: Path, call: Call) -> None:
    (shop / "syncline.yaml").write_text("defaults:\n  priority: 4\n")
    shown = call("check", "--explain", "example", "BOOKS")
    assert shown.code == 0
    assert ["priority", "4", "syncline.yaml:2", "(workspace)"] in [line.split() for line in shown.out.splitlines()]
    told = call("check", "--explain", "--json").json
    assert {one["connection"] for one in told} == {"example"}
    (priority,) = [one for one in told if one["setting"] == "priority"]
    assert priority == {
        "connection": "example",
        "model": "BOOKS",
        "setting": "priority",
        "value": "4",
        "where": "syncline.yaml:2",
        "scope": "workspace",
    }
    assert "known are BOOKS" in call("check", "--explain", "example", "BOKS").err


def test_one_model_is_looked_over(shop: Path, call: Call) -> None:
    file = shop / "connections" / "example.yaml"
    file.write_text(f"{file.read_text()}  OTHER: {{from: nowhere}}\n")
    assert call("check").code == 2
    assert (call("check", "example", "BOOKS").code, call("check", "example", "OTHER").code) == (0, 2)


def test_a_column_that_is_published_and_not_there_is_told_before_a_run(shop: Path, call: Call) -> None:
    configure(shop, "{format: csv}", "{format: csv, columns: [id, titel]}")
    found = call("check")
    assert (found.code, "there is no column `titel` to publish" in found.out) == (2, True)


def test_every_mistake_of_a_file_is_a_finding(shop: Path, call: Call) -> None:
    configure(shop, "cursor: updated_at", "curser: updated_at")
    configure(shop, "schedule: {every: 15m}", "schedule: {evry: 15m}")
    found = call("check", "--json")
    problems = [one["problem"] for one in found.json["findings"]]
    assert found.code == 2
    assert ["`cursor`?" in problems[0], "`evry`" in problems[1], len(problems)] == [True, True, 2]
    told = call("run", "example").err
    assert (told.count("Error: connections/example.yaml:"), told.count("  → ")) == (2, 2)


def test_the_schema_is_printed_and_written_where_the_files_look_for_it(shop: Path, call: Call) -> None:
    for kind, file in (("connection", "connections/example.yaml"), ("workspace", "syncline.yaml")):
        first = (shop / file).read_text().splitlines()[0]
        named = (shop / file).parent / first.partition("$schema=")[2]
        assert json.loads(named.read_text()) == call("schema", kind).json
        named.unlink()
        assert str(named.resolve()) in call("schema", "--write").out
        assert named.exists()
    assert "connection, workspace" in call("schema", "model").err
