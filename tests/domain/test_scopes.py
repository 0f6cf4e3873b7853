"""Settings on the workspace, the tenant, the destination, the connection and the model: the nearest wins."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncline.config import Explained
from syncline.connection import Connection, Download, Limits, ModelSync
from syncline.errors import ConfigError
from syncline.model import SyncMode
from syncline.publication import Publication
from syncline.workspace import Workspace

Place: TypeAlias = Callable[..., Workspace]
SCOPES = ("model", "connection", "destination", "tenant", "workspace")


@pytest.fixture
def place(tmp_path: Path, shelf: None) -> Place:
    def made(settings: str = "", connection: str = "") -> Workspace:
        (tmp_path / "connections").mkdir(exist_ok=True)
        (tmp_path / "syncline.yaml").write_text(dedent(settings))
        (tmp_path / "connections" / "shop.yaml").write_text(dedent(connection))
        return Workspace.open(tmp_path)

    return made


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


@pytest.mark.parametrize(
    ("settings", "connection", "said"),
    [
        ("defaults: {prioritty: 1}", "", ["syncline.yaml:1", "`prioritty` in `defaults`", "`priority`?"]),
        ("defaults:\n  limits: {deleted: 7}", "", ["syncline.yaml:2", "`defaults.limits.deleted` is `7`"]),
        ("tenants: {acme: {on_delete: soft}}", "", ["in `tenants.acme`", "put it into `defaults:`"]),
        ("tenants: {a/b: {}}", "", ["`a/b` cannot be a name"]),
        ("limits: {deleted: 1%}", "", ["syncline.yaml:1", "unknown key `limits`", "put it into `defaults:`"]),
        (
            "destinations: {w: {kind: shelf, defaults: {from: a}}}",
            "",
            ["destinations.w.defaults", "unknown key `from`"],
        ),
        ("destinations: {w: {kind: shelf}}", "destination: v", ["shop.yaml:1", "cannot be `v`", "known are w"]),
        ("", "destination: v", ["shop.yaml:1", "`destination` is `v`", "`destinations:` in syncline.yaml"]),
        ("destinations: {w: {kind: shelf}}", "destination: w", ["syncline.yaml:1", "`path` is missing"]),
        ("", "priority: 3\ndestination: v", ["shop.yaml:1", "unknown key `priority`", "put it into `defaults:`"]),
        ("", "source: {kind: shelf, defaults: {}}", ["unknown key `defaults` in `source`"]),
        ("", "models: {A: {from: a, every: 5m}}", ["unknown key `every`", "put it into `schedule:`"]),
        (
            "defaults: {schedule: {every: 1h, mode: incremental}}",
            "features: full",
            ["syncline.yaml:1", "does not allow incremental"],
        ),
    ],
)
def test_what_is_wrong_in_a_scope_is_told_with_its_own_file_line_and_key(
    place: Place, settings: str, connection: str, said: list[str]
) -> None:
    usual = {"source": "{kind: shelf}", "destination": "{kind: shelf, path: out}", "models": "{A: {from: a}}"}
    rest = "\n".join(f"{key}: {value}" for key, value in usual.items() if f"{key}:" not in connection)
    with pytest.raises(ConfigError) as caught:
        place(settings, f"{connection}\n{rest}\n").connection("shop")
    message = str(caught.value)
    assert [words for words in said if words not in message] == [], message


def test_all_mistakes_of_a_file_are_told_at_once_and_each_once(place: Place) -> None:
    workspace = place(
        "",
        """\
        connection: a/b
        source: {kind: shelf, prot: 1, port: one}
        destination: {kind: shelf}
        defaults: {overlap: long}
        models:
          A: {curser: x, kee: y}
          B: {from: b, priority: high, limits: {deleted: 7}}
          C: {from: c}
        """,
    )
    (error,) = workspace.errors.values()
    told = [(one.where.rpartition(":")[2], one.message) for one in error.each]
    assert [line for line, _ in told] == ["4", "1", "2", "3", "6", "6", "7", "7"]
    assert "`defaults.overlap` is `long`" in told[0][1]


def test_no_secret_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELF_URL", "db://me:fromoutside@host")
    monkeypatch.setenv("SHELF_TOKEN", "fromoutside")
    workspace = place(
        "",
        """
        source:
          kind: shelf
          url: "${env:SHELF_URL}"
          token: hunter2
          headers: {X-Api-Key: hunter2, X-Token: "${env:SHELF_TOKEN}", Accept: json}
          schema: "db://me:hunter2/@h@host/shop?password=hunter2&pin=hunter2"
          folder: "host=db password=hunter2 user=me"
        destination: {kind: shelf, path: out}
        models: {A: {from: a}}
        """,
    )
    told = {one.setting: one.value for one in workspace.explain("shop")}
    assert "hunter2" not in str(told)
    assert "fromoutside" not in str(told)
    assert told["source.url"] == "${env:SHELF_URL}"
    assert told["source.schema"] == "db://***@host/shop?password=***&pin=***"
    assert "Accept: json" in told["source.headers"]
