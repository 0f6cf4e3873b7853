"""From YAML to connections: what is read."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from syncline.connection import Limits
from syncline.model import SyncMode
from syncline.publication import Publication
from syncline.secret import Secret
from tests.domain.shelf import Load, complaint, with_model, with_source


def test_a_connection_is_read_whole(load: Load, tmp_path: Path) -> None:
    connection = load("""
        connection: bookshop
        source: {kind: shelf, port: 7, strict: yes}
        destination: {kind: shelf, path: out}
        features: [incremental]
        defaults: {limits: {deleted: 20%}}
        models:
          BOOKS:
            from: book
            key: [id, edition]
            cursor: updated_at
            overlap: 90s
            columns: {id: bigint, edition: int32, price: "decimal(8,2)", updated_at: timestamp}
            schedule: {cron: "0 6 * * 1-5", timezone: Europe/Berlin}
            to: {table: books, shared: true}
            on_delete: soft
            publish: [{format: csv}, {format: parquet}]
            priority: 3
            limits: {rejected: 0.5}
          AUTHORS: {from: author, key: id, schedule: {every: 15m}}
    """)
    books, authors = connection.models
    assert (connection.name, connection.where) == ("bookshop", "connections/shop.yaml:2")
    assert (connection.source.port, connection.source.strict) == (7, True)
    assert connection.destination.path == tmp_path / "out"
    assert connection.features == {SyncMode.INCREMENTAL, SyncMode.FROM_DATE}
    assert (books.origin, books.key, books.cursor) == ("book", ("id", "edition"), "updated_at")
    assert books.overlap == timedelta(seconds=90)
    assert books.columns.field("price").type == pa.decimal128(8, 2)
    assert (books.schedule.cron, books.schedule.timezone) == ("0 6 * * 1-5", "Europe/Berlin")
    assert (books.target.table, books.target.shared, books.target.on_delete) == ("books", True, "soft")
    assert books.publish == (Publication("csv"), Publication("parquet"))
    assert (books.priority, books.limits) == (3, Limits(0.2, 10, 0.5))
    assert (authors.key, authors.target.table, authors.limits) == (("id",), "authors", Limits(0.2, 10, 0.1))
    assert authors.schedule.every == timedelta(minutes=15)
    assert (books.where, authors.where) == ("connections/shop.yaml:8", "connections/shop.yaml:20")


def test_a_connection_is_called_like_its_file_if_it_does_not_say(load: Load) -> None:
    assert load(with_model("{from: book}")).name == "shop"


def test_words_that_yaml_takes_for_something_else_stay_as_they_are_written(load: Load) -> None:
    connection = load("""
        source: {kind: shelf, url: 0123, schema: no, headers: {on: 1.10, "y": 2023-01-01}}
        models:
          no: {from: on, key: [yes, null_, 012], publish: {format: csv}}
    """)
    assert (connection.source.url, connection.source.schema) == ("0123", "no")
    assert connection.source.headers == {"on": "1.10", "y": "2023-01-01"}
    assert (connection.models[0].name, connection.models[0].origin) == ("no", "on")
    assert connection.models[0].key == ("yes", "null_", "012")


def test_anchors_and_merges_save_repetition(load: Load) -> None:
    connection = load("""
        source: {kind: shelf}
        models:
          A: &all {from: a, key: id, publish: {format: csv}}
          B: {<<: *all, from: b}
    """)
    assert [(model.origin, model.key) for model in connection.models] == [("a", ("id",)), ("b", ("id",))]


def test_a_secret_comes_from_outside_and_does_not_print(
    load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHELF_URL", "db://me:hunter2@host")
    (tmp_path / "token").write_text("t0ken\n")
    connection = load(with_source(f'url: "${{env:SHELF_URL}}/x", token: "${{file:{tmp_path}/token}}"'))
    assert connection.source.url.reveal() == "db://me:hunter2@host/x"
    assert isinstance(connection.source.token, Secret)
    assert connection.source.token.reveal() == "t0ken"
    assert "hunter2" not in repr(connection)
    assert "t0ken" not in repr(connection)


def test_a_number_may_come_from_outside_too(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELF_PORT", "7")
    assert load(with_source('port: "${env:SHELF_PORT}"')).source.port == 7
    monkeypatch.setenv("SHELF_PORT", "hunter2")
    message = complaint(load, with_source('port: "${env:SHELF_PORT}"'))
    assert "`source.port`: the value of `${env:SHELF_PORT}` does not fit" in message
    assert "hunter2" not in message


def test_relative_places_start_at_the_workspace(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELF_DB", "sqlite:///secret.db")
    monkeypatch.setenv("SHELF_FOLDER", "inbox")
    source = load(with_source('url: "sqlite:///shop.db?mode=ro", folder: data')).source
    assert (source.url, source.folder) == (f"sqlite:///{tmp_path}/shop.db?mode=ro", str(tmp_path / "data"))
    hidden = load(with_source('url: "${env:SHELF_DB}", folder: "${env:SHELF_FOLDER}"')).source
    assert hidden.url.reveal() == f"sqlite:///{tmp_path}/secret.db"
    assert hidden.folder == str(tmp_path / "inbox")
    for url in ("sqlite:////else/shop.db", "sqlite:///:memory:", "sqlite://", "postgresql://host/db"):
        assert load(with_source(f'url: "{url}"')).source.url == url
