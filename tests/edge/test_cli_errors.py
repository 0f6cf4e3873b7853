"""What the command line says of what is wrong, and how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from syncline.request import Request
from syncline.workspace import Workspace
from tests.edge.shop import Call, configure, copied

PROGRAM = [sys.executable, "-m", "syncline"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run", "--from", "2026-01-01"], "--from needs a model"),
        (["run", "--model", "BOOKS", "--from", "yesterday"], "`yesterday` is not a date"),
        (["run", "--model", "BOOKS", "--from", "2026-01-01", "--full"], "exclude each other"),
        (["run", "--model", "BOKS"], "known are BOOKS"),
        (["run", "exampel"], "known are example"),
        (["plan", "exampel"], "known are example"),
        (["show", "ffff"], "ffff"),
        (["runs", "exampel"], "known are example"),
        (["forget", "example", "BOKS"], "nothing is remembered of example/BOKS"),
        (["chekc"], "Did you mean 'check'?"),
        (["run", "--ful"], "--full"),
        (["-w", "nowhere", "runs"], "there is no folder"),
    ],
)
def test_a_wrong_call_is_told_what_would_be_right(shop: Path, call: Call, args: list[str], said: str) -> None:
    answer = call(*args)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_an_empty_list_says_what_to_do_next(shop: Path, call: Call) -> None:
    assert call("runs").out == "No runs yet. Start one: syncline run\n"
    assert call("runs", "example").out == "No runs yet. Start one: syncline run example\n"
    assert call("runs", "--json").json == []
    (shop / "connections" / "example.yaml").unlink()
    for command in ("check", "run"):
        answer = call(command)
        assert (answer.code, "syncline init" in answer.out + answer.err) == (0, True)


def test_check_shows_all_problems_at_once(shop: Path, call: Call) -> None:
    configure(shop, "key: [id] ", "key: [isbn] ")
    (shop / "connections" / "broken.yaml").write_text("source: {kind: sql}\nmodles: {}\n")
    lost = (shop / "connections" / "example.yaml").read_text().replace("connection: example", "connection: lost")
    (shop / "connections" / "lost.yaml").write_text(lost.replace("shop.db", "gone.db"))
    answer = call("check")
    assert answer.code == 2
    assert "isbn" in answer.out
    assert "broken.yaml:2: unknown key `modles`" in answer.out
    assert "gone.db" in answer.out
    assert not (shop / "example" / "gone.db").exists()
    assert call("check", "broken").code == 2
    assert call("check", "--json").json["ok"] is False


def test_check_refuses_two_models_on_one_table(shop: Path, call: Call) -> None:
    other = (shop / "connections" / "example.yaml").read_text().replace("connection: example", "connection: other")
    (shop / "connections" / "other.yaml").write_text(other)
    answer = call("check")
    assert (answer.code, "the table books is also that of example/BOOKS" in answer.out) == (2, True)
    for file in (shop / "connections").iterdir():
        file.write_text(file.read_text().replace("{table: books}", "{table: books, shared: true}"))
    assert "is also that of" not in call("check").out


def test_one_broken_connection_does_not_keep_the_others_from_running(shop: Path, call: Call) -> None:
    (shop / "connections" / "broken.yaml").write_text("modles: {}\n")
    answer = call("run")
    assert (answer.code, "broken.yaml:1" in answer.err) == (2, True)
    assert len(copied(shop)) == 3


def test_a_model_that_fails_ends_with_one_message(shop: Path, call: Call) -> None:
    configure(shop, "from: book ", "from: bok ")
    answer = call("run")
    assert answer.code == 1
    assert "bok" in answer.err
    assert "book" in answer.err


def test_a_fault_is_one_line_and_a_file(shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "store", property(lambda _workspace: 1 // 0))
    answer = call("runs")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("Error: a fault in Syncline: ZeroDivisionError")
    assert "ZeroDivisionError" in (shop / ".syncline" / "log").read_text()


def test_a_running_connection_is_told_as_busy(shop: Path, call: Call) -> None:
    workspace = Workspace.open(shop)
    held = workspace.store.open_run("example", Request())
    answer = call("run", "example")
    assert (answer.code, held.id[:8] in answer.err) == (1, True)
    assert not (shop / "example" / "copy.db").exists()


def test_the_program_runs_as_a_process_in_a_pipe(shop: Path) -> None:
    done = subprocess.run([*PROGRAM, "run"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "BOOKS" in done.stdout


def test_a_pipe_that_closes_early_is_no_fault(shop: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([*PROGRAM, "run"], check=False, stdout=write, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(write)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert "fault" not in done.stderr
    assert len(copied(shop)) == 3


def test_an_interrupt_ends_with_130_and_lets_go_of_the_connection(shop: Path, call: Call) -> None:
    code = (
        "import sys, time, connectors.sql as sql; from syncline.cli import main\n"
        "def read(self, request):\n    print('reading', flush=True)\n    time.sleep(60)\n    yield\n"
        "sql.SqlSource.read = read\nsys.exit(main(['run']))"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "reading\n"
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Interrupted" in err
    assert "Traceback" not in err
    assert call("run").code == 0


def test_help_and_version_start_without_what_is_slow_to_import() -> None:
    slow = {"alembic", "fastapi", "pandas", "prefect", "rich", "sqlalchemy"}
    code = (
        f"import sys; from syncline.cli import main; main(['--help']); main(['--version'])\n"
        f"print('slow:', *sorted({slow!r} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "slow:"
    assert "syncline" in ran.stdout


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only Linux tells the threads that libraries start")
def test_the_program_starts_no_threads_that_nobody_asks_for() -> None:
    code = (
        "import pathlib; from syncline.cli import main; main(['--version'])\n"
        "names = [file.read_text() for file in pathlib.Path('/proc/self/task').glob('*/comm')]\n"
        "print(names.count(pathlib.Path('/proc/self/comm').read_text()))"  # one that cleans up for Arrow has its own
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "1"
