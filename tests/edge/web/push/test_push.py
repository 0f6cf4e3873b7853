"""Rows pushed in bulk (P5), with the memory in SQLite and in PostgreSQL."""

import gzip
import json
from pathlib import Path

import pytest

from syncline.web.application import create
from syncline.workspace import Workspace
from tests.edge.web.push.steel import Program, errors, guid, held, piece

SYNC = "/api/v1/sync"


def test_a_known_guid_is_updated_an_unknown_one_created_a_missing_one_generated(
    etl: Program, workspace: Workspace
) -> None:
    assert etl.push(piece(1), piece(2)).json() == {"inserted": 2, "updated": 0}
    assert etl.push(piece(2, mark="P2"), piece(3), piece()).json() == {"inserted": 2, "updated": 1}
    rows = held(workspace)
    assert len(rows) == 4
    assert [rows[guid(number)]["mark"] for number in (1, 2, 3)] == ["P1", "P2", "P1"]


def test_an_item_is_a_whole_row(etl: Program, workspace: Workspace) -> None:
    etl.push(piece(1, grade="S355", quantity=2))
    etl.push(piece(1, quantity=3))
    assert held(workspace)[guid(1)] == {"mark": "P1", "profile": "IPE 300", "quantity": 3}


def test_values_are_kept_digit_by_digit(etl: Program, workspace: Workspace) -> None:
    body = b'[{"guid":"%s","mark":"\\u0000 \xf0\x9f\x90\x88","profile":"","weight":123456789.012,"length":1e3,' % (
        guid(1).encode()
    )
    assert etl.send(body + b'"quantity":2.0,"painted":true,"updated_at":"2026-01-01T01:00:00+01:00"}]').json() == {
        "inserted": 1,
        "updated": 0,
    }
    assert held(workspace)[guid(1)] == {
        "mark": "\0 🐈",
        "profile": "",
        "weight": "123456789.012",
        "length": "1000.0",
        "quantity": 2,
        "painted": True,
        "updated_at": "2026-01-01 00:00:00.000000Z",
    }


def test_a_guid_is_one_however_it_is_written(etl: Program) -> None:
    name = "16FD2706-8BAF-433B-82EB-8C7FADA847DA"
    assert etl.push(piece() | {"guid": name}).json()["inserted"] == 1
    for other in (name.lower(), f"{{{name}}}", f"urn:uuid:{name}", name.replace("-", "")):
        assert etl.push(piece() | {"guid": other}).json() == {"inserted": 0, "updated": 1}
    assert errors(etl.push(piece() | {"guid": name}, piece() | {"guid": name.lower()})) == [(1, "guid")]


@pytest.mark.parametrize("model", ["projects", "components", "assemblies", "pieces", "articles"])
def test_each_example_model_has_an_endpoint(etl: Program, model: str) -> None:
    item = {"number": "1", "name": "a", "mark": "m", "quantity": 1, "profile": "p"}
    told = {one["name"]: one for one in etl.client.get(SYNC).json()["items"]}
    columns = {column["name"] for column in told[model]["columns"]}
    fitting = {name: value for name, value in item.items() if name in columns}
    assert etl.push(fitting, path=f"{SYNC}/{model}").json() == {"inserted": 1, "updated": 0}


def test_a_model_nobody_declared_is_not_found(etl: Program) -> None:
    assert etl.push(piece(), path=f"{SYNC}/beams").status_code == 404


def test_a_thousand_items_pass_and_one_more_does_not(etl: Program, workspace: Workspace) -> None:
    assert etl.push(*(piece(number) for number in range(1001))).status_code == 400
    assert held(workspace) == {}
    assert etl.push(*(piece(number) for number in range(1000))).json() == {"inserted": 1000, "updated": 0}
    assert etl.delete(*(guid(number) for number in range(1001))).status_code == 400
    assert etl.push().json() == {"inserted": 0, "updated": 0}


def test_the_limit_is_a_setting_of_each_model(tmp_path: Path) -> None:
    (tmp_path / "syncline.yaml").write_text("push: {notes: {columns: {text: text}, batch: 2}}\n")
    workspace = Workspace.open(tmp_path)
    program = Program(create(workspace), workspace)
    assert program.push({}, {}, path=f"{SYNC}/notes").status_code == 200
    assert program.push({}, {}, {}, path=f"{SYNC}/notes").status_code == 400
    workspace.store.close()


def test_what_does_not_fit_is_named_by_item_and_field_and_nothing_is_taken(etl: Program, workspace: Workspace) -> None:
    answer = etl.push(
        piece(1),
        piece(2, quantity="many", length=1.25, painted="yes"),
        {"guid": guid(3), "mark": 7, "colour": "red"},
        piece(4) | {"guid": "P4"},
        piece(1, weight=[1]),
    )
    assert (answer.status_code, held(workspace)) == (422, {})
    assert sorted(errors(answer)) == [
        (1, "length"),
        (1, "painted"),
        (1, "quantity"),
        (2, "colour"),
        (2, "mark"),
        (2, "profile"),
        (3, "guid"),
        (4, "guid"),
        (4, "weight"),
    ]
    assert errors(etl.push(piece(), 7, None, [])) == [(1, None), (2, None), (3, None)]


def test_very_many_mistakes_are_told_in_part(etl: Program) -> None:
    answer = etl.push(*({"a": 1, "b": 2} for _ in range(1000)))
    assert (len(errors(answer)), answer.json()["detail"]) == (100, "4,000 values do not fit")


BROKEN = [b"", b"{}", b"7", b"[", b"[NaN]", b"[Infinity]", b"\xff", b"[" * 100_000, b'[{"mark":', b"\x1f\x8b"]
BROKEN += [b'[{"quantity":' + b"9" * 5000 + b"}]", "[]".encode("utf-16"), b'[{"mark":"\\ud800","profile":"x"}]']


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_array_of_items_is_told(etl: Program, workspace: Workspace, body: bytes) -> None:
    answer = etl.send(body)
    assert (answer.status_code, held(workspace)) == (422, {})
    assert answer.json()["detail"]


def test_a_name_that_stands_twice_is_not_guessed_at(etl: Program) -> None:
    assert errors(etl.send(b'[{}, {"mark":"a","mark":"b","profile":"c"}]')) == [(1, "mark")]


def test_a_body_may_be_packed_and_has_a_limit(etl: Program, workspace: Workspace) -> None:
    packed = gzip.compress(json.dumps([piece(1)]).encode())
    assert etl.send(packed, Content_Encoding="gzip").json() == {"inserted": 1, "updated": 0}
    assert etl.send(packed[:-9], Content_Encoding="gzip").status_code == 400
    assert etl.send(b"[]", Content_Encoding="br").status_code == 415
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    assert etl.send(bomb, Content_Encoding="gzip").status_code == 413
    assert etl.send(b" " * (16 * 1024 * 1024 + 1)).status_code == 413
    assert len(held(workspace)) == 1


def test_items_are_deleted_by_their_guids(etl: Program, workspace: Workspace) -> None:
    etl.push(*(piece(number) for number in range(1, 5)))
    answer = etl.delete(guid(1), guid(2).upper(), {"guid": guid(3), "company_guid": "steelworks"}, guid(99))
    assert answer.json() == {"deleted": 3}
    assert list(held(workspace)) == [guid(4)]
    assert etl.delete(guid(1)).json() == {"deleted": 0}
    assert errors(etl.delete(guid(4), guid(4), "x", {"guid": guid(5), "mark": "a"}, {})) == [
        (1, "guid"),
        (2, "guid"),
        (3, "mark"),
        (4, "guid"),
    ]
    assert etl.push(piece(1)).json() == {"inserted": 1, "updated": 0}


def test_generated_guids_are_told_to_who_asks(etl: Program, workspace: Workspace) -> None:
    answer = etl.push(piece(), piece(7), Prefer="return=representation")
    assert answer.headers["preference-applied"] == "return=representation"
    assert answer.json()["guids"][1] == guid(7)
    assert set(answer.json()["guids"]) == set(held(workspace))
