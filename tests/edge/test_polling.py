"""Who polls latest never sees half a file, nor an older one than before, whatever becomes of those who publish."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pytest

from syncline import Publication, Secret
from syncline.publication import Address
from syncline.publication.feed import Feed
from syncline.publication.place import place
from tests.contracts import s3

NUMBERS = pa.schema({"id": pa.int64()})
ROWS = 1000
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload([__name__])


def feed(address: Address) -> Feed:
    return Feed(Publication("csv", keep=20), place(address), "NUMBERS")


def publish(address: Address, versions: range) -> None:
    """Version after version, each with many rows that say which it is."""
    made = feed(address)
    for version in versions:
        rows = pa.RecordBatch.from_pydict({"id": [version] * ROWS}, NUMBERS)
        made.publish(lambda rows=rows: [rows], NUMBERS, f"{version:06}", lambda *_: None, force=False)  # type: ignore[misc]
        made.prune()


@dataclass
class Reader:
    """Polls until it is told to stop, and as often as it must; what it has seen, in order."""

    read: Callable[[], bytes]
    least: int
    polls: int = 0
    seen: list[int] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def __call__(self) -> None:
        while self.polls < self.least or not self.stop.is_set():
            header, *lines, end = self.read().split(b"\n")
            assert (header, len(lines), set(lines), end) == (b"id", ROWS, {lines[0]}, b"")
            self.polls += 1
            if not self.seen or int(lines[0]) != self.seen[-1]:
                self.seen.append(int(lines[0]))


def publish_with_accidents(address: Address, last: int, patience: float) -> int:
    """Have versions published by processes that are killed, or put to sleep and woken late; how many accidents."""
    chance, accidents = random.Random(1), 0
    asleep: list[multiprocessing.process.BaseProcess] = []
    latest = before = int(feed(address).latest())
    while latest < last:
        worker = FORK.Process(target=publish, args=(address, range(latest + 1, min(latest + last // 10, last) + 1)))
        worker.start()
        worker.join(chance.uniform(0, patience))
        if worker.is_alive() and worker.pid is not None:
            accidents += 1
            os.kill(worker.pid, signal.SIGSTOP if chance.random() < 0.4 else signal.SIGKILL)
            asleep.append(worker)
        else:
            patience *= 0.7  # a quick one is given less
        if len(asleep) > 3:
            wake(asleep.pop(0))
        before, latest = latest, int(feed(address).latest())
        patience *= 1.0 if latest > before else 1.1  # a slow machine is given time
    for worker in asleep:
        wake(worker)
    return accidents


def wake(worker: multiprocessing.process.BaseProcess) -> None:
    """It goes on with what it was about to do, which is late by now."""
    if worker.is_alive() and worker.pid is not None:
        os.kill(worker.pid, signal.SIGCONT)
    worker.join()


def poll(address: Address, read: Callable[[], bytes], *, versions: int, polls: int, patience: float) -> None:
    publish(address, range(1, 2))
    reader = Reader(read, polls)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            reader()
        except BaseException as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    polling = threading.Thread(target=run)
    polling.start()
    accidents = publish_with_accidents(address, versions, patience)
    reader.stop.set()
    polling.join()
    assert not failed, failed
    assert (reader.seen, reader.seen[-1]) == (sorted(reader.seen), versions)
    assert reader.polls >= polls
    assert accidents > 5
    assert len(reader.seen) > versions / 10


@pytest.mark.promise("P6.10")
def test_ten_thousand_polls_of_two_hundred_versions_see_no_half_and_no_older_file(tmp_path: Path) -> None:
    """R27, Invariant 7."""
    latest = tmp_path / "latest.csv"
    poll(Address(str(tmp_path)), latest.read_bytes, versions=200, polls=10_000, patience=0.6)


def test_polls_of_object_storage_see_no_half_and_no_older_file() -> None:
    """R27, Invariant 7."""
    with s3.moto() as endpoint:
        address = Address(f"s3://{s3.BUCKET}/{uuid4().hex}", s3.KEY, Secret(s3.SECRET), endpoint, "us-east-1")
        reading = feed(address)

        def read() -> bytes:
            with reading.place.read(reading.link) as file:
                return file.read()

        poll(address, read, versions=40, polls=300, patience=0.5)


SLEEPER = """
import os, signal, sys
from pathlib import Path
from syncline.publication import Address
from tests.edge.test_polling import publish

def hear(event, args):
    if event == "os.rename" and Path(args[1]).name == "latest.csv":
        os.kill(os.getpid(), signal.SIGSTOP)

sys.addaudithook(hear)
publish(Address(sys.argv[1]), range(2, 3))
"""


def stopped(worker: subprocess.Popen[bytes]) -> bool:
    _, status = os.waitpid(worker.pid, os.WUNTRACED)
    return os.WIFSTOPPED(status)


def test_a_worker_that_wakes_right_before_its_rename_does_not_take_latest_back_for_a_moment(tmp_path: Path) -> None:
    """R27: it is stopped at each rename, so that a moment in which it had gone back would last."""
    address = Address(str(tmp_path))
    publish(address, range(1, 2))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", SLEEPER, str(tmp_path)], env=environment) as worker:
        assert stopped(worker)
        publish(address, range(3, 4))
        worker.send_signal(signal.SIGCONT)
        assert not stopped(worker)
    assert feed(address).latest() == "000003"
    assert not list(tmp_path.glob(".latest*"))


def test_a_worker_that_died_on_its_way_does_not_hold_up_those_after_it(tmp_path: Path) -> None:
    address = Address(str(tmp_path))
    publish(address, range(1, 2))
    (tmp_path / ".latest.csv.dead").symlink_to("versions/000002.csv")
    publish(address, range(2, 4))
    assert feed(address).latest() == "000003"
