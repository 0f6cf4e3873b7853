"""What editors are told of the files is what the parser takes."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncline.config import Settings, load_connection, load_settings
from syncline.config.schema import FILES, File, schema
from syncline.errors import ConfigError
from tests.domain.shelf import with_model
from tests.domain.yamls import ANYTHING, JSON, complaints, made_from, places, put

Around: TypeAlias = Callable[[JSON], JSON]
SMALLEST = {"source": {"kind": "shelf"}, "models": {"A": {"from": "a"}}}
ONE_FILE = settings(max_examples=40, suppress_health_check=list(HealthCheck))


def complaint(folder: Path, file: File, content: JSON, known: Settings | None = None) -> ConfigError | None:
    """What the parser has against a file."""
    text = yaml.dump(content, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    path = folder / f"{file}.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load_connection(path, folder, known) if file == "connection" else load_settings(path)
    except ConfigError as error:
        return error
    return None


@cache
def contents(file: File) -> st.SearchStrategy[JSON]:
    root = schema(file)
    return made_from(root, root)


def mappings(shape: JSON, root: JSON, around: Around = dict) -> Iterator[tuple[JSON, Around]]:
    """Each mapping of a file that has known keys, and what puts one into the smallest file that has such a mapping."""
    if "$ref" in shape:
        shape = root["$defs"][shape["$ref"].rpartition("/")[2]]
    for one in [*shape.get("anyOf", []), *shape.get("allOf", [])]:
        yield from mappings(one, root, around)
    if "properties" in shape:
        needed = {key: SMALLEST.get(key) or first(shape["properties"][key]) for key in shape.get("required", [])}
        yield shape, lambda content: around(needed | content)
        for key, inner in shape["properties"].items():
            yield from mappings(inner, root, lambda content, key=key: around(needed | {key: content}))
    elif isinstance(shape.get("additionalProperties"), dict):
        yield from mappings(shape["additionalProperties"], root, lambda content: around({"ANY": content}))


def first(shape: JSON) -> JSON:
    return shape.get("const") or shape.get("enum", ["a"])[0]


@pytest.mark.parametrize("file", FILES)
def test_every_key_the_parser_takes_is_in_the_schema_and_the_other_way_round(
    file: File, tmp_path: Path, shelf: None
) -> None:
    root = schema(file)
    found = list(mappings(root, root))
    assert len(found) > 12
    for shape, around in found:
        content = around({"zzzz": 1})
        if file == "connection" and "sources" not in content:
            content = {**SMALLEST, "destination": {"kind": "shelf", "path": "out"}, **content}
        error = complaint(tmp_path, file, content)
        if error is None:  # a destination is made when it is named
            shop = {**SMALLEST, "destination": "ANY"}
            error = complaint(tmp_path, "connection", shop, load_settings(tmp_path / "workspace.yaml"))
        assert error is not None, content
        (told,) = [one for one in error.each if "unknown key `zzzz`" in one.message] or [error]
        assert set(told.hint.partition("known are ")[2].split(", ")) == set(shape["properties"]), (content, told)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("{from: a, curser: x}", "'curser' was unexpected"),
        ("{key: id}", "'from' is a required property"),
        ("{from: a, overlap: 5 weeks}", "does not match"),
        ("{from: a, on_delete: drop}", "'drop' is not one of"),
        ("{from: a, limits: {deleted: 30}}", "30 is greater than"),
        ("{from: a, limits: {deleted: 130%}}", "does not match"),
        ("{from: a, priority: high}", "'high' is not of type 'integer'"),
        ("{from: a, schedule: {evry: 5m}}", "'evry' was unexpected"),
        ("{from: {tabel: a}}", "is not valid under any"),
        ("{from: a, publish: {format: doc}}", "is not valid under any"),
    ],
)
def test_what_is_wrong_is_underlined(shelf: None, model: str, said: str) -> None:
    assert not complaints(with_model("{from: a}"))
    (told,) = complaints(with_model(model))
    assert said in told
    assert told.startswith("$.models.BOOKS")


def test_a_setting_of_a_connector_is_explained_in_its_own_words(shelf: None) -> None:
    (sql,) = [
        one for one in schema("connection")["$defs"]["source"]["anyOf"] if one["properties"]["kind"]["const"] == "sql"
    ]
    assert sql["description"].startswith("Tables, views and queries of a SQL database")
    assert sql["properties"]["schema"]["description"].startswith("where the tables are; None:")
    assert sql["required"] == ["kind", "url"]
    shelves = schema("connection")["$defs"]["source"]["anyOf"]
    assert "shelf" in [one["properties"]["kind"]["const"] for one in shelves]


@ONE_FILE
@given(data=st.data())
@pytest.mark.parametrize("file", FILES)
def test_what_fits_the_schema_is_read_or_told_with_its_line(file: File, tmp_path: Path, shelf: None, data: Any) -> None:
    error = complaint(tmp_path, file, data.draw(contents(file)))
    assert error is None or all(re.search(r"\.yaml:\d+$", one.where) for one in error.each), error


@ONE_FILE
@given(data=st.data())
@pytest.mark.parametrize("file", FILES)
def test_whatever_stands_in_a_file_is_told_in_words(file: File, tmp_path: Path, shelf: None, data: Any) -> None:
    content = data.draw(contents(file))
    for _ in range(data.draw(st.integers(1, 3))):
        content = put(content, data.draw(st.sampled_from(places(content))), data.draw(ANYTHING))
    error = complaint(tmp_path, file, content)
    assert error is None or all(one.where for one in error.each), error
