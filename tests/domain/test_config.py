"""From YAML to connections: what is read, and what is said of what is wrong."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias

import pyarrow as pa
import pytest

from syncline.config import load_connection, load_settings
from syncline.connection import Connection, Limits
from syncline.errors import ConfigError
from syncline.model import SyncMode
from syncline.publication import Publication
from syncline.secret import Secret
from syncline.workspace import Workspace

Load: TypeAlias = Callable[[str | bytes], Connection]
PLUGIN = """
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from syncline import Destination, Secret, Source


@dataclass(frozen=True)
class ShelfSource(Source):
    url: str = ""
    folder: str = ""
    port: int = 1
    ratio: float = 1.0
    strict: bool = False
    null_values: tuple[str, ...] = ("",)
    style: Literal["new", "old"] = "new"
    schema: str | None = None
    token: Secret | None = None
    headers: dict[str, str] | None = None

    def __post_init__(self):
        if self.port == 13:
            raise ValueError("port 13 brings bad luck")

    def read(self, request):
        return iter(())


@dataclass(frozen=True)
class ShelfDestination(Destination):
    path: Path

    def load(self, request):
        return []
"""


@pytest.fixture(scope="module", autouse=True)
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A distribution with two connectors, installed the way a stranger's is."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "shelf_plugin.py").write_text(PLUGIN)
    info = folder / "shelf-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1.0\n")
    points = "[syncline.sources]\nshelf = shelf_plugin:ShelfSource\n\n"
    points += "[syncline.destinations]\nshelf = shelf_plugin:ShelfDestination\n"
    (info / "entry_points.txt").write_text(points)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(text: str | bytes) -> Connection:
        file = tmp_path / "connections" / "shop.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return load_connection(file, tmp_path)

    return loaded


def with_model(model: str) -> str:
    return "source: {kind: shelf}\ndestination: {kind: shelf, path: out}\nmodels:\n  BOOKS: " + model + "\n"


def with_source(settings: str) -> str:
    return f"source: {{kind: shelf, {settings}}}\nmodels: {{A: {{from: a, publish: {{format: csv}}}}}}\n"


def complaint(load: Load, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        load(text)
    return str(caught.value)


def test_a_connection_is_read_whole(load: Load, tmp_path: Path) -> None:
    connection = load("""
        connection: bookshop
        source: {kind: shelf, port: 7, strict: yes}
        destination: {kind: shelf, path: out}
        features: [incremental]
        limits: {deleted: 20%}
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


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            "{from: book, curser: x}",
            ["shop.yaml:4", "unknown key `curser`", "did you mean `cursor`?", "known are from"],
        ),
        ("{from: book, from: b}", ["shop.yaml:4", "`from` stands twice", "line 4"]),
        ("{key: id}", ["shop.yaml:4", "`from` is missing"]),
        ("{from: }", ["`from` is missing"]),
        ("book", ["shop.yaml:4", "`models.BOOKS` is `book`", "key: value"]),
        ("{from: [a, b]}", ["`models.BOOKS.from` is a list", "a text"]),
        ("{from: a, overlap: 5 weeks}", ["`models.BOOKS.overlap` is `5 weeks`", "30s, 15m, 2h or 1d"]),
        ("{from: a, columns: {id: integr}}", ["column `id`", "unknown type `integr`", "int64"]),
        ("{from: a, schedule: {}}", ["either `every` or `cron`"]),
        ("{from: a, schedule: {every: 1h, cron: '* * * * *'}}", ["either `every` or `cron`"]),
        ("{from: a, schedule: {every: 0s}}", ["longer than nothing"]),
        ("{from: a, schedule: {cron: '* * *'}}", ["five fields"]),
        ("{from: a, schedule: {every: 1h, timezone: Mars/Base}}", ["Mars/Base", "a time zone such as"]),
        ("{from: a, schedule: {every: 1h, mode: from_date}}", ["cannot be `from_date`", "incremental, full"]),
        ("{from: a, on_delete: drop}", ["cannot be `drop`", "delete, soft, ignore"]),
        ("{from: a, publish: {format: xml}}", ["cannot be `xml`", "csv, jsonl, parquet"]),
        ("{from: a, publish: [{format: csv}, {format: csv}]}", ["a format stands twice"]),
        ("{from: a, priority: high}", ["`high`", "a whole number"]),
        ("{from: a, limits: {deleted: 30}}", ["`30`", "from 0 to 1"]),
        ("{from: a, limits: {deleted: nan}}", ["from 0 to 1"]),
        ("{from: a, to: {tabel: x}}", ["unknown key `tabel`", "did you mean `table`?"]),
        ("{from: a, to: {shared: perhaps}}", ["`perhaps`", "true or false"]),
        ("{from: a, fields: {id: id}}", ["shop.yaml:4", "`fields` is not there yet"]),
        ("{from: a, transform: 'm:f'}", ["`transform` is not there yet"]),
    ],
)
def test_a_wrong_model_is_told_with_file_line_and_what_would_be_right(load: Load, model: str, said: list[str]) -> None:
    message = complaint(load, with_model(model))
    assert [words for words in said if words not in message] == [], message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["shop.yaml", "the file is empty"]),
        ("# nothing\n", ["the file is empty"]),
        ("- a\n- b\n", ["shop.yaml:1", "the file is a list", "key: value"]),
        ("source: {kind: shelf}\n", ["`models` is missing"]),
        ("source: {kind: shelf}\nmodels: {}\n", ["shop.yaml:2", "there are no models"]),
        ("source:\n\tkind: shelf\n", ["shop.yaml:2", "not YAML", "spaces, not tabs"]),
        ("source: {kind: shelf\nmodels: [\n", ["shop.yaml:", "not YAML"]),
        ("a: 1\n---\nb: 2\n", ["shop.yaml:", "not YAML"]),
        (b"source: {kind: shelf}\n# caf\xe9\n", ["shop.yaml:2", "not UTF-8"]),
        ("source: {}\nmodels: {A: {from: a, publish: {format: csv}}}\n", ["shop.yaml:1", "`kind` is missing"]),
        ("source: {kind: shelv}\nmodels: {A: {from: a, publish: {format: csv}}}\n", ["shop.yaml:1", "shelv", "shelf"]),
        ("sources: {}\n", ["shop.yaml:1", "`sources` is not there yet"]),
        ("source: {kind: shelf}\nmodels: {A: {from: a}}\n", ["model A goes nowhere", "destination"]),
        ("connection: a/b\n" + with_model("{from: a}"), ["shop.yaml:1", "`a/b` cannot be a name"]),
        ("source: {kind: shelf}\nmodels: {../x: {from: a}}\n", ["`../x` cannot be a name"]),
        ("features: [from_date]\n" + with_model("{from: a}"), ["neither incremental nor full"]),
        ("features: [increment]\n" + with_model("{from: a}"), ["did you mean `incremental`?"]),
        ("a: &a [*a]\n", ["shop.yaml:1", "contains itself"]),
        ("[a]: b\n", ["shop.yaml:1", "a key is a text"]),
    ],
)
def test_a_wrong_file_is_told_with_its_line(load: Load, text: str | bytes, said: list[str]) -> None:
    message = complaint(load, text)
    assert [words for words in said if words not in message] == [], message


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("prot: 1", ["unknown key `prot` in `source`", "did you mean `port`?"]),
        ("port: one", ["`source.port` is `one`", "a whole number"]),
        ("ratio: x", ["a number"]),
        ("strict: maybe", ["true or false"]),
        ("style: odd", ["cannot be `odd`", "new, old"]),
        ("url: {a: b}", ["`source.url` is a mapping", "a text"]),
        ('url: "${env:NOT_THERE}"', ["the variable NOT_THERE is not set", "export NOT_THERE"]),
        ("port: 13", ["port 13 brings bad luck"]),
    ],
)
def test_a_wrong_setting_of_a_connector_is_told_with_its_line(load: Load, settings: str, said: list[str]) -> None:
    message = complaint(load, "\n" + with_source(settings))
    assert "shop.yaml:2" in message
    assert [words for words in said if words not in message] == [], message


def test_a_missing_setting_of_a_connector_is_named(load: Load) -> None:
    message = complaint(load, "source: {kind: shelf}\ndestination: {kind: shelf}\nmodels: {A: {from: a}}\n")
    assert "shop.yaml:2" in message
    assert "`path` is missing" in message


def test_a_schedule_follows_the_features(load: Load) -> None:
    only_full = "features: [full]\n" + with_model("{from: a, schedule: {every: 1h}}")
    assert load(only_full).models[0].schedule.mode is SyncMode.FULL
    said = complaint(load, "features: [full]\n" + with_model("{from: a, schedule: {every: 1h, mode: incremental}}"))
    assert "does not allow incremental" in said


def test_settings_of_the_workspace_are_limits_for_all(tmp_path: Path) -> None:
    file = tmp_path / "syncline.yaml"
    file.write_text("tenant: acme\nlimits: {at_least: 100}\ndatabase: 'sqlite:///runs.db'\n")
    settings = load_settings(file)
    assert (settings.tenant, settings.database, settings.limits) == ("acme", "sqlite:///runs.db", Limits(at_least=100))
    (tmp_path / "connections").mkdir()
    (tmp_path / "connections" / "shop.yaml").write_text(with_model("{from: a}"))
    assert Workspace.open(tmp_path).connection("shop").models[0].limits.at_least == 100


def test_settings_may_be_commented_out(tmp_path: Path) -> None:
    file = tmp_path / "syncline.yaml"
    file.write_text("# tenant: acme\n")
    assert load_settings(file).tenant == "default"
    file.write_text("tennant: acme\n")
    with pytest.raises(ConfigError, match="did you mean `tenant`"):
        load_settings(file)


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "connections"
    folder.mkdir()
    (folder / "good.yaml").write_text(with_model("{from: a}"))
    (folder / "bad.yaml").write_text("modles: {}\n")
    (folder / "zwin.yaml").write_text("connection: good\n" + with_model("{from: a}"))
    workspace = Workspace.open(tmp_path)
    assert list(workspace.connections) == ["good"]
    with pytest.raises(ConfigError, match="modles"):
        workspace.connection("bad")
    with pytest.raises(ConfigError, match=r"known are bad, good"):
        workspace.connection("goood")
    assert "declared in connections/good.yaml:1 as well" in str(workspace.errors["zwin.yaml"])


def test_the_workspace_is_found_from_a_folder_within_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ws" / "connections").mkdir(parents=True)
    (tmp_path / "ws" / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "ws" / "deep" / "er")
    assert Workspace.open().folder == tmp_path / "ws"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="syncline init"):
        Workspace.open()
    monkeypatch.setenv("SYNCLINE_WORKSPACE", str(tmp_path / "ws"))
    assert Workspace.open().folder == tmp_path / "ws"
    with pytest.raises(ConfigError, match="is no workspace"):
        Workspace.open(tmp_path)
    with pytest.raises(ConfigError, match="there is no folder"):
        Workspace.open(tmp_path / "nowhere")


def test_what_syncline_keeps_lies_in_a_folder_that_git_ignores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "connections").mkdir()
    workspace = Workspace.open(tmp_path)
    assert workspace.storage.root == tmp_path / ".syncline" / "files"
    assert (tmp_path / ".syncline" / ".gitignore").read_text() == "*\n"
    monkeypatch.setenv("SYNCLINE_STORAGE_URL", f"file://{tmp_path}/a%20b")
    assert Workspace.open(tmp_path).storage.root == tmp_path / "a b"
    monkeypatch.setenv("SYNCLINE_STORAGE_URL", "elsewhere")
    assert Workspace.open(tmp_path).storage.root == tmp_path / "elsewhere"
    monkeypatch.setenv("SYNCLINE_STORAGE_URL", "s3://bucket")
    with pytest.raises(ConfigError, match="not there yet"):
        _ = Workspace.open(tmp_path).storage
