"""What a run may be asked to do, in what order models go, and how it is told how that ended: R24, R28, R30."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from syncline import (
    Batch,
    Busy,
    ConfigError,
    Connection,
    ModelRequest,
    ModelSync,
    Read,
    Request,
    Run,
    RunResult,
    RunStatus,
    SyncMode,
    TransientError,
    pipeline,
)
from tests.domain.rig import ONCE, USUAL, Rig, pets, whole


class Zoo(Rig):
    """Three models, of which some can be broken."""

    def __init__(self, folder: Path, **models: dict[str, Any]) -> None:
        super().__init__(folder)
        self.models = models or {"PETS": {}, "CATS": {}, "DOGS": {}}
        self.broken: set[str] = set()
        self.said = self.told

    def told(self, request: Read) -> Sequence[Batch | BaseException]:
        if request.model.name in self.broken:
            return [TransientError("the line is dead")]
        return [whole(pets(1))]

    @property
    def connection(self) -> Connection:
        def model(name: str, about: dict[str, Any]) -> ModelSync:
            return replace(self.sync, name=name, **about)

        models = tuple(model(name, about) for name, about in self.models.items())
        return Connection("zoo", self.source, self.destination, models)


def results(run: Run) -> dict[str, str | None]:
    return {model.model: model.result for model in run.models}


def test_models_run_by_priority_and_then_as_declared(tmp_path: Path) -> None:
    """R24."""
    zoo = Zoo(tmp_path, A={}, B={"priority": 1}, C={"priority": 2}, D={"priority": 1}, E={"priority": -1})
    zoo.sync_all()
    assert [read.model.name for read in zoo.asked] == ["C", "B", "D", "A", "E"]


def test_a_model_that_fails_stops_no_other(tmp_path: Path) -> None:
    """R24."""
    zoo = Zoo(tmp_path)
    zoo.broken = {"CATS"}
    run = zoo.sync_all()
    assert results(run) == {"PETS": "success", "CATS": "error", "DOGS": "success"}
    assert (run.status, run.result) == (RunStatus.SUCCEEDED, RunResult.PARTIAL)
    assert "CATS: the line is dead" in str(run.infos["error"])
    assert {name: head.is_new for name, head in zoo.store.heads("zoo").items()} == {"PETS": False, "DOGS": False}


def test_a_fault_of_a_connector_stops_no_other_model(tmp_path: Path) -> None:
    """R24."""
    zoo = Zoo(tmp_path)
    zoo.said = lambda read: [ZeroDivisionError()] if read.model.name == "PETS" else [whole([])]
    assert results(zoo.sync_all())["DOGS"] == "no_changes"


def test_where_all_fail_the_run_has_failed(tmp_path: Path) -> None:
    """R24, R30."""
    zoo = Zoo(tmp_path)
    zoo.broken = {"PETS", "CATS", "DOGS"}
    run = zoo.sync_all()
    assert (run.status, run.result) == (RunStatus.FAILED, RunResult.ERROR)


def test_nothing_changed_anywhere_is_no_changes(tmp_path: Path) -> None:
    """R30."""
    zoo = Zoo(tmp_path)
    assert zoo.sync_all().result is RunResult.SUCCESS
    assert zoo.sync_all().result is RunResult.NO_CHANGES


def test_one_model_that_changed_makes_the_run_a_success(tmp_path: Path) -> None:
    """R30."""
    zoo = Zoo(tmp_path)
    zoo.sync_all(Request.parse({"data_models_to_sync": ["CATS"]}))
    run = zoo.sync_all()
    assert (results(run)["CATS"], run.result) == ("no_changes", RunResult.SUCCESS)


@pytest.mark.parametrize("owing", ["rejected", "refused", "withheld", "absent"])
def test_rows_that_are_owed_make_a_run_partial(tmp_path: Path, owing: str) -> None:
    """R30: each run anew, until they are not."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    if owing == "refused":
        rig.destination.refused.add((3,))
    bad = {
        "rejected": whole([*pets(1, 2), {"id": 3, "name": "", "version": "x"}]),
        "refused": whole(pets(1, 2, 3)),
        "withheld": whole([]),
        "absent": Batch(rows=pets(1)),
    }[owing]
    for _ in range(2):
        rig.said = [bad]
        run = rig.sync_all()
        assert list(rig.owed()) == [owing]
        assert (run.status, run.result) == (RunStatus.SUCCEEDED, RunResult.PARTIAL)


def test_a_run_that_only_finishes_a_plan_has_changed_something(tmp_path: Path) -> None:
    """R30, Invariant 2: rows were written at the destination."""
    rig = Rig(tmp_path)
    rig.run(whole(pets(1)), steps=replace(ONCE, load=lambda *_: fail()))
    done = rig.ok()
    assert (done.result, done.counts.inserted, rig.held) == (RunResult.SUCCESS, 1, {1: "Rex"})


def fail() -> Any:
    raise TransientError("the line is dead")


def test_a_cancelled_run_has_failed_and_lets_go_of_the_connection(tmp_path: Path) -> None:
    """R30."""
    rig = Rig(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        rig.run(KeyboardInterrupt())
    (run,) = rig.store.runs()
    assert (run.status, run.result) == (RunStatus.FAILED, RunResult.CANCELLED)
    rig.ok(whole(pets(1)))


def test_one_run_of_a_connection_at_a_time(tmp_path: Path) -> None:
    """Invariant 6."""
    rig = Rig(tmp_path)
    with pipeline.opened(rig.connection, USUAL, rig.store, rig.storage) as session, pytest.raises(Busy) as busy:
        rig.sync_all()
    assert busy.value.run == session.run.id
    assert not rig.asked


def test_the_status_of_a_run_is_told_while_it_goes_on(tmp_path: Path) -> None:
    """R30, P1.3."""
    rig, seen = Rig(tmp_path), []
    rig.said = [whole(pets(1))]
    pipeline.sync(rig.connection, USUAL, rig.store, rig.storage, listen=seen.append)
    assert list(dict.fromkeys(model.step for model in seen)) == [
        "check",
        "extract",
        "diff",
        "transform",
        "load",
        "done",
    ]
    assert [model.status for model in seen[:-1]] == [RunStatus.RUNNING] * (len(seen) - 1)
    assert seen[-1].status is RunStatus.SUCCEEDED


def test_the_default_is_incremental_where_it_is_enabled(tmp_path: Path) -> None:
    """R28."""
    rig = Rig(tmp_path)
    assert USUAL.mode(rig.connection, rig.sync) is SyncMode.INCREMENTAL
    only_full = replace(rig.connection, features=frozenset({SyncMode.FULL}))
    assert USUAL.mode(only_full, rig.sync) is SyncMode.FULL
    only_incremental = replace(rig.connection, features=frozenset({SyncMode.INCREMENTAL}))
    with pytest.raises(ConfigError, match="does not allow full"):
        Request(full_sync=True).mode(only_incremental, rig.sync)


def test_the_shapes_of_a_request() -> None:
    """R28, P3.19."""
    day = datetime(2023, 1, 1, tzinfo=UTC)
    asked = {"data_models_to_sync": ["A", {"data_model": "B", "sync_from": "2023-01-01"}], "resend": True}
    request = Request.parse(asked)
    assert request == Request(data_models_to_sync=(ModelRequest("A"), ModelRequest("B", day)), resend=True)
    assert Request.parse(request.as_json()) == request
    assert Request.parse({}) == USUAL


@pytest.mark.parametrize(
    "asked",
    [
        {"full": True},
        {"full_sync": "yes"},
        {"full_sync": 1},
        {"data_models_to_sync": "PETS"},
        {"data_models_to_sync": [{"model": "PETS"}]},
        {"data_models_to_sync": [{"data_model": "PETS", "since": "2023-01-01"}]},
        {"data_models_to_sync": [{"data_model": "PETS", "sync_from": "soon"}]},
        {"full_sync": True, "data_models_to_sync": [{"data_model": "PETS", "sync_from": "2023-01-01"}]},
        {"approve": ["PETS"]},
    ],
    ids=str,
)
def test_what_is_no_request_is_refused(asked: dict[str, object]) -> None:
    """R28."""
    with pytest.raises(ConfigError):
        Request.parse(asked)


def test_a_request_for_an_unknown_model_lists_the_known_ones_and_opens_no_run(tmp_path: Path) -> None:
    """R28, P3.19."""
    zoo = Zoo(tmp_path)
    with pytest.raises(ConfigError, match=r"unknown model `MICE`.*PETS, CATS, DOGS"):
        zoo.sync_all(Request.parse({"data_models_to_sync": ["MICE"]}))
    assert zoo.store.runs() == []


def test_from_a_date_needs_a_cursor(tmp_path: Path) -> None:
    """R10."""
    rig = Rig(tmp_path)
    with pytest.raises(ConfigError, match="no cursor"):
        rig.sync_all(Request.parse({"data_models_to_sync": [{"data_model": "PETS", "sync_from": "2023-01-01"}]}))


def test_only_the_models_asked_for_are_synced(tmp_path: Path) -> None:
    """R28, P3.8: in their own order."""
    zoo = Zoo(tmp_path)
    run = zoo.sync_all(Request.parse({"data_models_to_sync": ["DOGS", "PETS"]}))
    assert list(results(run)) == [read.model.name for read in zoo.asked] == ["PETS", "DOGS"]


def test_nothing_crosses_a_tenant(tmp_path: Path) -> None:
    """Invariant 10."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1)))
    rig.store = replace(rig.store, tenant="other")
    assert rig.head.is_new
    rig.ok(whole(pets(1)))
    assert sorted(path.name for path in (rig.storage.root / "data").iterdir()) == ["default", "other"]
