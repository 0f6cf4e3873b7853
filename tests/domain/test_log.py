"""The log of a run: what is said while it goes on is kept with it, and costs nothing where nothing is said."""

import logging
import threading
import time
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest

from syncline import Batch, ConfigError, Read, Rejection, Request, RunResult, TransientError
from syncline.line import Line
from syncline.patience import patient
from syncline.pipeline import Steps, extract, patient_steps
from syncline.pipeline.log import MOST_LETTERS, MOST_LINES
from syncline.secret import masked, resolve
from syncline.store import SqlStore
from tests.domain.rig import Rig, pets, whole

LOGGER = logging.getLogger("somebody")
DEAD = TransientError("the line is dead", where="https://me:word@host/pets?signature=s3same", retry_after=0.001)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.store.close()


def lines(rig: Rig) -> list[Line]:
    """What was said in the latest run."""
    return rig.store.log(rig.store.runs(limit=1)[0].id)


def told(rig: Rig) -> list[tuple[str, str]]:
    return [(line.level, line.text) for line in lines(rig)]


def saying(*said: Any, times: int = 1) -> Any:
    """A source that says something by `logging` when it is read."""

    def answer(_request: Read) -> list[Batch]:
        for _ in range(times):
            LOGGER.warning(*said)
        return [whole(pets(1))]

    return answer


def test_a_source_that_is_asked_again_is_told_with_the_reason_and_the_wait(rig: Rig) -> None:
    answers = [[DEAD], [DEAD], [whole(pets(1))]]
    rig.said = lambda _request: answers.pop(0)
    run = rig.sync_all(steps=patient_steps())
    again = "https://***@host/pets?signature=*** the line is dead; trying again in 0.0 s"
    assert told(rig) == [("warning", again)] * 2
    first = lines(rig)[0]
    assert first.model == "PETS"
    assert run.created_at <= first.at <= rig.store.run(run.id).ended_at  # type: ignore[operator]


def test_what_the_steps_did_not_do_is_told(rig: Rig) -> None:
    rig.ok(whole(pets(*range(20))))
    rig.run(
        whole(pets(1), rejected=[Rejection({"id": 2}, "`name`: 'x' is too odd")]),
        Batch(part="north", missing="nobody is there"),
        request=Request(full_sync=True),
    )
    assert told(rig) == [
        ("warning", "part north is missing this time: nobody is there"),
        ("warning", "18 withheld: deletions over the limit of 30% of the rows"),
        ("warning", "1 rejected: `name`: … is too odd"),
    ]


def test_a_run_that_says_nothing_writes_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("something was written")

    before = set(threading.enumerate())
    monkeypatch.setattr(SqlStore, "say", refused)
    rig.ok(whole(pets(1)))
    assert rig.ok(whole(pets(1))).result is RunResult.NO_CHANGES
    assert lines(rig) == []
    assert set(threading.enumerate()) <= before


def test_of_many_lines_the_first_are_kept_and_how_many_there_were(rig: Rig) -> None:
    rig.run(whole(pets(1)))
    rig.said = saying("row %s", "x" * 5_000, times=MOST_LINES + 234)
    rig.sync_all()
    kept = lines(rig)
    assert [line.text for line in kept[MOST_LINES:]] == ["234 more lines were left out"]
    assert {len(line.text) for line in kept[:MOST_LINES]} == {MOST_LETTERS}
    assert kept[0].text.endswith("xx…")


def test_what_the_steps_say_is_kept_however_much_others_talk(rig: Rig) -> None:
    rig.said = lambda request: [Batch(part="north", missing="nobody"), *saying("!", times=2 * MOST_LINES)(request)]
    rig.sync_all()
    assert ("warning", "part north is missing this time: nobody") in told(rig)


def test_no_secret_is_kept(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_WORD", "s3same-0pen")
    url = resolve("https://${env:SHOP_WORD}.example.com")
    said = (
        "%s of %r: postgresql://me:s3same@db/shop, then %s and s3same-0pen; "
        "password='s3same', {'token': 's3same'}, Authorization: Bearer s3same, /pets?X-Amz-Signature=s3same&a=s3same"
    )
    rig.said = saying(said, url, url, "https://host/f.csv?sig=s3same")
    rig.sync_all()
    ((_, text),) = told(rig)
    assert "s3same" not in text
    assert "postgresql://***@db/shop, then https://host/f.csv?sig=*** and ***;" in text


@pytest.mark.parametrize("text", ["?", "://", "pass", "token ", "bearer  ", "a?b", "://a", "x://@"])
def test_a_long_text_of_others_holds_up_nobody(text: str) -> None:
    begun = time.process_time()
    masked(text * (40_000 // len(text)))
    assert time.process_time() - begun < 1


def test_a_line_that_cannot_be_kept_or_made_fails_no_run(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    rig.said = saying("%d rows", "many")
    assert rig.sync_all().result is RunResult.SUCCESS
    with rig.store.database.writing() as transaction:
        transaction.exec_driver_sql("DROP TABLE syncline_log")
    rig.said = saying("hello")
    assert rig.sync_all().result is RunResult.NO_CHANGES


def test_what_could_not_be_written_is_written_later(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    say, failures = SqlStore.say, [TransientError("busy"), TransientError("busy")]

    def failing(self: SqlStore, *args: Any, **named: Any) -> None:
        if failures:
            raise failures.pop()
        say(self, *args, **named)

    monkeypatch.setattr(SqlStore, "say", failing)
    rig.said = saying("hello")
    rig.sync_all()
    assert (told(rig), failures) == ([("warning", "hello")], [])


def test_a_fault_is_told_without_its_traceback(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.run(ZeroDivisionError("division by zero"))
    assert told(rig) == [("error", "a fault in Syncline or a connector: ZeroDivisionError: division by zero")]
    assert "Traceback" in caplog.text


def test_threads_of_a_run_are_heard_and_other_runs_are_not(rig: Rig, tmp_path: Path) -> None:
    other = Rig(tmp_path / "other")
    met = threading.Barrier(2, timeout=10)

    def answer(name: str) -> Any:
        def said(_request: Read) -> list[Batch]:
            met.wait()
            thread = threading.Thread(target=copy_context().run, args=(LOGGER.warning, "ahead in %s", name))
            stranger = threading.Thread(target=LOGGER.warning, args=("nobody's",))
            for one in (thread, stranger):
                one.start()
                one.join()
            met.wait()
            return [whole(pets(1))]

        return said

    rig.said, other.said = answer("one"), answer("other")
    running = threading.Thread(target=other.sync_all)
    running.start()
    rig.sync_all()
    running.join()
    assert (told(rig), told(other)) == ([("warning", "ahead in one")], [("warning", "ahead in other")])
    other.store.close()


def test_a_line_is_there_while_the_run_still_waits(rig: Rig) -> None:
    def answer(request: Read) -> list[Batch]:
        LOGGER.warning("it takes its time")
        patient(seen, pause=0.2)
        return [whole(pets(1))]

    def seen() -> None:
        if told(rig)[:1] != [("warning", "it takes its time")]:
            raise TransientError("not yet", retry_after=0.7)

    rig.said = answer
    assert rig.sync_all().result is RunResult.SUCCESS


def test_what_is_said_by_an_orchestrator_of_itself_is_not_kept(rig: Rig) -> None:
    def step(work: Any) -> Any:
        logging.getLogger("process.engine").error("the task has begun")
        return extract(work)

    rig.said = (whole(pets(1)),)
    assert rig.sync_all(steps=Steps(extract=step)).runner == "process"
    assert told(rig) == []


def test_where_nobody_else_listens_a_warning_still_reaches_the_terminal(
    rig: Rig, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    rig.said = saying("only here")
    rig.sync_all()
    LOGGER.warning("after it")
    assert capsys.readouterr().err == "only here\nafter it\n"


def test_a_run_that_fails_has_its_log(rig: Rig) -> None:
    def answer(_request: Read) -> list[Batch]:
        LOGGER.error("no way")
        raise ConfigError("it cannot be read")

    rig.said = answer
    rig.sync_all()
    assert told(rig) == [("error", "no way")]
    before = set(threading.enumerate())
    LOGGER.error("nobody asked")
    assert set(threading.enumerate()) <= before  # nothing is about to be written
