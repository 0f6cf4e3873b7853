"""Settings on several scopes: what is said of what is wrong, and what is never said."""

import pytest

from syncline.errors import ConfigError
from tests.domain.shelf import Place


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
          A: {from: a, curser: x, kee: y, on_delete: drop}
          B: {from: b, priority: high, limits: {deleted: 7}}
          C: {from: c}
        """,
    )
    (error,) = workspace.errors.values()
    told = [(one.where.rpartition(":")[2], one.message) for one in error.each]
    assert [line for line, _ in told] == ["4", "1", "2", "3", "6", "6", "6", "7", "7"]
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
