"""The program ends quickly, and leaves nothing behind undone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = "from syncline.cli import main; import atexit, sys, threading, time; sys.argv = ['syncline', {}]; "


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)


def test_what_waits_for_the_end_is_done_and_printed_before_it() -> None:
    ended = python(PROGRAM.format("'--version'") + "atexit.register(print, 'farewell'); main(); print('never')")
    assert ended.stdout.splitlines()[1:] == ["farewell"]
    assert ended.returncode == 0


def test_a_thread_at_work_is_waited_for() -> None:
    work = "threading.Thread(target=lambda: (threading.main_thread().join(), print('done'))).start(); "
    ended = python(PROGRAM.format("'--version'") + work + "sys.exit(main())")
    assert ended.stdout.splitlines()[1:] == ["done"]
    assert ended.returncode == 0


def test_the_exit_code_is_that_of_the_command() -> None:
    assert python(PROGRAM.format("'fly'") + "main()").returncode == 2


@pytest.mark.parametrize("command", ["run", "check"])
def test_no_log_lies_beside_the_store_afterwards(shop: Path, command: str) -> None:
    subprocess.run([sys.executable, "-m", "syncline", command], check=True, capture_output=True)
    assert [path.name for path in shop.glob(".syncline/store.db?*")] == []
