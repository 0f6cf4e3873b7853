"""Settings on the workspace, the tenant, the destination, the connection and the model: the nearest wins."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncline.config import Explained
from syncline.connection import Connection, Download, Limits, ModelSync
from syncline.model import SyncMode
from syncline.publication import Publication
from syncline.workspace import Workspace
from tests.domain.shelf import Place

SCOPES = ("model", "connection", "destination", "tenant", "workspace")


def spread(said: dict[str, dict[str, Any]]) -> tuple[str, str]:
    """The two files in which each scope says what is given; JSON is YAML."""
    inline = {scope: str(said.get(scope, {})).replace("'", "") for scope in SCOPES}
    workspace = f"""
        tenant: acme
        defaults: {inline["workspace"]}
        tenants:
          acme: {{defaults: {inline["tenant"]}}}
          other: {{defaults: {{priority: 99, on_delete: ignore, limits: {{at_least: 99}}}}}}
        destinations:
          out: {{kind: shelf, path: out, defaults: {inline["destination"]}}}
          else: {{kind: shelf, path: other, defaults: {{priority: 98, on_delete: ignore}}}}
    """
    model = f"{{from: a, {inline['model'][1:]}"
    connection = f"""
        source: {{kind: shelf}}
        destination: out
        defaults: {inline["connection"]}
        models: {{A: {model}}}
    """
    return workspace, connection


def of(workspace: Workspace) -> tuple[Connection, ModelSync]:
    connection = workspace.connection("shop")
    return connection, connection.models[0]


SAID = st.dictionaries(
    st.sampled_from(SCOPES),
    st.fixed_dictionaries(
        {},
        optional={
            "priority": st.integers(0, 9),
            "on_delete": st.sampled_from(["delete", "soft", "ignore"]),
            "limits": st.fixed_dictionaries(
                {}, optional={"at_least": st.integers(0, 50), "deleted": st.sampled_from([0.0, 0.25, 0.5, 1.0])}
            ),
        },
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=SAID)
def test_the_nearest_scope_that_says_it_wins_whoever_else_does(place: Place, said: dict[str, dict[str, Any]]) -> None:
    workspace = place(*spread(said))
    _, model = of(workspace)

    def wanted(setting: str, usual: Any, within: str | None = None) -> tuple[Any, str]:
        for scope in SCOPES:
            says = said.get(scope, {}).get(within, {}) if within else said.get(scope, {})
            if setting in says:
                return says[setting], scope
        return usual, "default"

    told = {one.setting: one for one in workspace.explain("shop") if one.model == "A"}
    found = {"priority": model.priority, "on_delete": model.target.on_delete}
    for setting, value in found.items():
        assert (value, told[setting].scope) == wanted(setting, {"priority": 0, "on_delete": "delete"}[setting])
    for setting, value in {"at_least": model.limits.at_least, "deleted": model.limits.deleted}.items():
        usual = getattr(Limits(), setting)
        assert (value, told[f"limits.{setting}"].scope) == wanted(setting, usual, "limits")


@pytest.mark.promise("P2.7")
def test_check_says_where_each_value_came_from(place: Place) -> None:
    workspace = place(
        """\
        defaults:
          limits:
            deleted: 20%
        tenants:
          default:
            defaults: {on_delete: soft}
        destinations:
          warehouse:
            kind: shelf
            path: out
            defaults: {priority: 4}
        """,
        """\
        source: {kind: shelf}
        destination: warehouse
        defaults: {overlap: 5m}
        models:
          A:
            from: a
            cursor: at
        """,
    )
    told = {one.setting: one for one in workspace.explain("shop") if one.model}
    assert told["limits.deleted"] == Explained("A", "limits.deleted", "20%", "syncline.yaml:3", "workspace")
    assert told["on_delete"] == Explained("A", "on_delete", "soft", "syncline.yaml:6", "tenant")
    assert told["priority"] == Explained("A", "priority", "4", "syncline.yaml:11", "destination")
    assert told["overlap"] == Explained("A", "overlap", "5m", "connections/shop.yaml:3", "connection")
    assert told["cursor"] == Explained("A", "cursor", "at", "connections/shop.yaml:7", "model")
    assert told["limits.rejected"] == Explained("A", "limits.rejected", "10%", "", "default")


def test_a_mapping_is_completed_key_by_key_a_list_is_replaced(place: Place) -> None:
    workspace = place(
        "defaults: {limits: {deleted: 20%, at_least: 5}, publish: [{format: csv}, {format: jsonl}], key: [a, b]}",
        """
        source: {kind: shelf}
        defaults: {limits: {at_least: 7}}
        models:
          A: {from: a, limits: {rejected: 50%}}
          B: {from: b, key: id, publish: {format: parquet}}
        """,
    )
    a, b = workspace.connection("shop").models
    assert (a.limits, b.limits) == (Limits(0.2, 7, 0.5), Limits(0.2, 7, 0.1))
    assert (a.key, b.key) == (("a", "b"), ("id",))
    assert (a.publish, b.publish) == ((Publication("csv"), Publication("jsonl")), (Publication("parquet"),))


def test_null_takes_away_what_was_inherited_and_nothing_written_does_not(place: Place) -> None:
    workspace = place(
        "defaults: {schedule: {every: 1h}, cursor: updated_at, priority: 5}",
        """
        source: {kind: shelf}
        destination: {kind: shelf, path: out}
        models:
          A: {from: a, schedule: null, cursor: ~}
          B:
            from: b
            schedule:
              # every: 5m
            priority:
        """,
    )
    a, b = workspace.connection("shop").models
    assert (a.schedule, a.cursor, a.priority) == (None, None, 5)
    assert (b.schedule.every, b.cursor, b.priority) == (timedelta(hours=1), "updated_at", 5)


def test_a_schedule_is_completed_and_a_nearer_time_puts_the_farther_out(place: Place) -> None:
    workspace = place(
        "defaults: {schedule: {timezone: Europe/Berlin}}",
        """
        source: {kind: shelf}
        destination: {kind: shelf, path: out, defaults: {schedule: {cron: '0 6 * * *'}}}
        models:
          A: {from: a, schedule: {every: 15m, mode: full}}
          B: {from: b}
        """,
    )
    a, b = workspace.connection("shop").models
    assert (a.schedule.every, a.schedule.cron, a.schedule.mode) == (timedelta(minutes=15), None, SyncMode.FULL)
    assert (b.schedule.cron, b.schedule.timezone) == ("0 6 * * *", "Europe/Berlin")
    told = {one.setting: one for one in workspace.explain("shop") if one.model == "A"}
    assert (told["schedule.cron"].scope, told["schedule.timezone"].scope) == ("default", "workspace")


def test_a_time_zone_alone_schedules_nothing(place: Place) -> None:
    workspace = place(
        "defaults: {schedule: {timezone: Europe/Berlin}}",
        "source: {kind: shelf}\ndestination: {kind: shelf, path: out}\nmodels: {A: {from: a}}\n",
    )
    assert of(workspace)[1].schedule is None


def test_features_come_from_the_nearest_scope_too(place: Place) -> None:
    shop = "source: {kind: shelf}\ndestination: {kind: shelf, path: out}\nmodels: {A: {from: a}}\n"
    wide = "defaults: {features: [full, file_download, file_download_latest]}"
    connection, _ = of(place(wide, shop))
    assert connection.features == {SyncMode.FULL}
    assert connection.downloads == {Download.FILE, Download.LATEST}
    connection, _ = of(place(wide, f"features: incremental\n{shop}"))
    assert (connection.features, connection.downloads) == ({SyncMode.INCREMENTAL, SyncMode.FROM_DATE}, frozenset())
    connection, _ = of(place("", shop))
    assert (connection.features, connection.downloads) == (set(SyncMode), frozenset())


def test_many_connections_name_one_destination(place: Place, tmp_path: Path) -> None:
    shop = "source: {kind: shelf}\ndestination: warehouse\nmodels: {%s: {from: a}}\n"
    workspace = place("destinations: {warehouse: {kind: shelf, path: out}}", shop % "A")
    (tmp_path / "connections" / "other.yaml").write_text(shop % "B")
    ends = [workspace.connection(name).destination for name in ("shop", "other")]
    assert [end.path for end in ends] == [tmp_path / "out"] * 2
    assert ends[0].identity() == ends[1].identity()
