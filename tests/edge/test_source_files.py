"""Files handed over at the start of a run: by path, or by a pre-authenticated URL."""

from __future__ import annotations

import json
import logging
import sqlite3
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from syncline import pipeline
from syncline.cli import main
from syncline.errors import ConfigError
from syncline.pipeline import Steps
from syncline.request import Request
from syncline.run import ModelRun
from syncline.workspace import Workspace
from tests.edge.file_server import SECRET, Server

CONNECTION = """
source: {kind: files}
destination: {kind: sql, url: "sqlite:///out.db"}
defaults: {limits: {deleted: 100%}}
models:
  PRICES: {from: prices, key: id, columns: {id: int64, price: int64, site: string}}
"""


class Place:
    """A workspace that may ask this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "connections").mkdir()
        (folder / "syncline.yaml").write_text("allow_private_urls: true\n")
        (folder / "connections" / "shop.yaml").write_text(CONNECTION)

    def run(self, *files: Any, **request: Any) -> ModelRun:
        workspace = Workspace.open(self.folder)
        asked = Request.parse({"source_files": list(files), **request})
        connection = workspace.connection("shop")
        run = pipeline.sync(connection, asked, workspace.store, workspace.storage, steps=Steps())
        return run.models[0]

    @property
    def prices(self) -> dict[int, tuple[int, str | None]]:
        with sqlite3.connect(self.folder / "out.db") as database:
            return {key: (price, site) for key, price, site in database.execute("SELECT id, price, site FROM prices")}

    def write(self, name: str, *rows: tuple[int, int]) -> str:
        (self.folder / name).write_bytes(csv(*rows))
        return name


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def csv(*rows: tuple[int, int]) -> bytes:
    return b"id,price,site\n" + b"".join(f"{key},{price},\n".encode() for key, price in rows)


@pytest.mark.promise("P2.6")
def test_a_file_is_fetched_from_a_pre_authenticated_url(place: Place, server: Server) -> None:
    """P2.6, P2.8, P2.9."""
    server.answers["/a/prices.csv"] = csv((1, 10), (2, 20))
    assert place.run(server.url("/a/prices.csv")).error == ""
    assert place.prices == {1: (10, None), 2: (20, None)}
    server.answers["/b/later.csv"] = csv((1, 11))
    assert place.run({"url": server.url("/b/later.csv")}).error == ""
    assert place.prices == {1: (11, None)}
    assert server.asked == [f"/a/prices.csv?{SECRET}", f"/b/later.csv?{SECRET}"]


def test_the_secret_of_a_url_is_neither_kept_nor_logged_nor_told(
    place: Place, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """R31."""
    caplog.set_level(logging.INFO)
    server.answers["/prices.csv"] = csv((1, 10))
    place.run(server.url("/prices.csv"))
    failed = [place.run(server.url("/gone.csv")), place.run(server.url("/prices.csv") + "&x=" + "%zz" * 3)]
    server.answers["/no.csv"] = 403
    failed.append(place.run(server.url("/no.csv")))
    workspace = Workspace.open(place.folder)
    told = [run.error for run in failed] + [json.dumps(run.as_json()) for run in workspace.store.runs("shop")]
    files = [path.read_bytes() for path in (place.folder / ".syncline").rglob("*") if path.is_file()]
    assert "/prices.csv" in "".join(told)
    assert "HTTP Request" in caplog.text
    assert SECRET not in "".join(told) + caplog.text + repr(Request.parse({"source_files": [server.url("/a.csv")]}))
    assert not any(SECRET.encode() in content for content in files)
    assert "no such file" in failed[0].error
    assert "may have run out" in failed[2].error


def test_one_part_is_handed_over_and_the_others_stay(place: Place) -> None:
    """P2.2."""
    north, south = place.write("north.csv", (1, 10), (2, 20)), place.write("south.csv", (3, 30))
    assert place.run(north, south).error == ""
    place.write("south.csv", (3, 33), (4, 40))
    done = place.run({"path": south, "part": south})
    assert (done.error, done.result) == ("", "success")
    assert {key: price for key, (price, _) in place.prices.items()} == {1: 10, 2: 20, 3: 33, 4: 40}
    place.write("south.csv", (4, 40))
    place.run({"path": south, "part": south})
    assert set(place.prices) == {1, 2, 4}


def test_handed_over_in_full_these_files_are_all_there_is(place: Place) -> None:
    north, south = place.write("north.csv", (1, 10)), place.write("south.csv", (3, 30))
    place.run(north, south)
    place.run({"path": south, "part": south}, full_sync=True)
    assert set(place.prices) == {3}


def test_a_key_in_two_files_is_that_of_the_first_by_name_however_they_come(place: Place) -> None:
    """R11."""
    north, south = place.write("north.csv", (1, 10), (2, 20)), place.write("south.csv", (1, 99), (3, 30))
    done = place.run(north, south)
    assert (done.result, done.counts.rejected) == ("partial", 1)
    for file in (south, north, south):
        again = place.run({"path": file, "part": file})
        assert (again.result, again.plan, again.counts.rejected) == ("partial", "", 1)
    assert place.prices[1] == (10, None)
    place.write("north.csv", (2, 20))
    assert place.run({"path": north, "part": north}).result == "success"
    assert place.prices[1] == (99, None)


def test_a_file_takes_the_place_of_one_that_the_folder_had(place: Place) -> None:
    """R7: and the one in the folder its place again, with nothing left of it."""
    (place.folder / "in").mkdir()
    declared = CONNECTION.replace("{kind: files}", "{kind: files, folder: in}").replace("from: prices", "from: '*.csv'")
    (place.folder / "connections" / "shop.yaml").write_text(declared)
    place.write("in/north.csv", (1, 10), (2, 20))
    place.write("in/south.csv", (3, 30))
    assert place.run().error == ""
    other = place.write("other.csv", (2, 22), (4, 40))
    assert place.run({"path": other, "part": "north.csv"}).result == "success"
    assert {key: price for key, (price, _) in place.prices.items()} == {2: 22, 3: 30, 4: 40}
    assert place.run().result == "success"
    assert {key: price for key, (price, _) in place.prices.items()} == {1: 10, 2: 20, 3: 30}


@pytest.mark.promise("P2.15")
def test_attributes_of_a_file_are_columns_where_the_model_has_them(place: Place) -> None:
    """P2.14, P2.15."""
    north = {
        "path": place.write("n.csv", (1, 10)),
        "part": "north",
        "attributes": {"site": "Oslo", "spatial_root": True},
    }
    south = {"path": place.write("s.csv", (2, 20)), "part": "south", "attributes": {"site": "Rome"}}
    assert place.run(north, south).error == ""
    assert place.prices == {1: (10, "Oslo"), 2: (20, "Rome")}


@pytest.mark.parametrize(
    "path", ["../x.csv", "/etc/hostname", ".syncline/store.db", "connections/../.syncline/store.db"]
)
def test_no_path_leads_out_of_the_workspace_or_into_our_own(place: Place, path: str) -> None:
    assert "does not lie in the workspace" in place.run({"path": path}).error


def test_a_link_does_not_lead_out_of_the_workspace(place: Place) -> None:
    (place.folder / "x.csv").symlink_to("/etc/hostname")
    assert "does not lie in the workspace" in place.run("x.csv").error


def test_without_files_a_source_of_handed_files_says_so(place: Place) -> None:
    assert "no file was handed over" in place.run().error
    assert "there is no file" in place.run("nothing.csv").error


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([{}], "either a `path` or a `url`"),
        ([{"path": "a", "url": "https://x/a"}], "either a `path` or a `url`"),
        ([{"url": "ftp://x/a"}], "https://"),
        ([{"path": "a", "colour": "red"}], "no file to read"),
        ([7], "no file to read"),
        ([{"path": "a", "part": "x/y"}], "no / in its name"),
        ([{"path": "a", "attributes": {"x": []}}], "no file to read"),
        ("a.csv", "are lists"),
    ],
)
def test_what_is_no_file_to_read_is_refused(asked: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Request.parse({"source_files": asked})


def test_a_request_is_kept_without_what_is_secret_in_it() -> None:
    """R31."""
    file = {"url": f"https://me:word@host/a.csv?{SECRET}#x", "part": "a", "attributes": {"root": True}}
    kept = Request.parse({"source_files": [file]}).as_json()
    assert kept["source_files"] == [{"url": "https://host/a.csv", "part": "a", "attributes": {"root": True}}]
    assert Request.parse(kept).as_json() == kept


def test_of_several_models_it_must_be_said_which_one(place: Place) -> None:
    text = CONNECTION + "  STOCK: {from: stock, key: id, columns: {id: int64}}\n"
    (place.folder / "connections" / "shop.yaml").write_text(text)
    name = place.write("p.csv", (1, 10))
    with pytest.raises(ConfigError, match=r"which model.*PRICES, STOCK"):
        place.run(name)
    assert place.run({"path": name, "data_model": "STOCK"}).model == "STOCK"
    assert place.run(name, data_models_to_sync=["PRICES"]).error == ""
    with pytest.raises(ConfigError, match="unknown model `STICK`"):
        place.run({"path": name, "data_model": "STICK"})


def test_a_request_that_waits_is_sealed_and_opened_with_the_same_seal_alone() -> None:
    """R31."""
    file = {"url": f"https://me:word@host/a.csv?{SECRET}#x", "part": "a", "attributes": {"root": True}}
    asked = Request.parse({"full_sync": True, "source_files": [file, "b.csv"]})
    sealed = asked.sealed(b"seal")
    assert Request.unsealed(b"seal", sealed) == asked
    assert Request.unsealed(b"seal", sealed).source_files[0].url.reveal() == file["url"]
    assert SECRET not in sealed
    for seal, text in ((b"other", sealed), (b"seal", sealed[:-4]), (b"seal", "é")):
        with pytest.raises(ConfigError, match="another secret"):
            Request.unsealed(seal, text)


def test_the_command_line_hands_files_over(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.write("n.csv", (1, 10))
    place.write("s.csv", (2, 20))
    where = ["-w", str(place.folder)]
    assert main([*where, "run", "shop", "--file", "north=n.csv", "--file", "south=s.csv"]) == 0
    assert set(place.prices) == {1, 2}
    place.write("n.csv", (3, 30))
    assert main([*where, "plan", "shop", "--file", "north=n.csv", "--json"]) == 0
    out = capsys.readouterr().out
    assert '"deleted": 1' in out or '"inserted": 1' in out
    assert set(place.prices) == {1, 2}
    assert main([*where, "run", "--file", "n.csv"]) == 2
    assert "--file needs one connection" in capsys.readouterr().err


def test_a_server_that_was_busy_once_is_no_matter(place: Place, server: Server) -> None:
    def once(handler: BaseHTTPRequestHandler) -> None:
        server.answers["/p.csv"] = csv((1, 10))
        handler.send_response(503)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.answers["/p.csv"] = once
    assert place.run(server.url("/p.csv")).error == ""
    assert len(server.asked) == 2
