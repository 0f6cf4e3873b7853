"""Users and keys on the command line."""

import io
from pathlib import Path

import pytest

from syncline.cli import main
from syncline.people import Refused, Role, Scope
from syncline.workspace import Workspace
from tests.edge.shop import Call
from tests.edge.web.visitor import PASSWORD


def test_a_user_is_added_invited_listed_and_disabled(shop: Path, call: Call) -> None:
    added = call("users", "add", "Ann@example.com", "--role", "SystemAdmin")
    assert (added.code, "ann@example.com, SystemAdmin of default" in added.out) == (0, True)
    token = added.out.split("/welcome/")[1].strip()
    people = Workspace.open(shop).people()
    assert people.by_session(people.accept(token, "", PASSWORD)).role is Role.SYSTEM_ADMIN
    (shown,) = call("users", "list", "--json").json
    assert (shown["email"], shown["has_password"]) == ("ann@example.com", True)
    assert "has a password" in call("users", "list").out
    again = call("users", "add", "ann@example.com")
    assert "Known" in again.out
    assert people.invited(again.out.split("/welcome/")[1].strip()) == "ann@example.com"
    assert call("users", "disable", "ann@example.com").code == 1
    assert call("users", "disable", "ann@example.com", "--yes").code == 0
    assert "disabled" in call("users", "list").out
    assert {note.actor for note in people.notes()} >= {"command line"}


def test_the_first_user_can_do_everything(shop: Path, call: Call) -> None:
    assert "ann@example.com, SystemAdmin" in call("users", "add", "ann@example.com").out
    assert "bob@example.com, Viewer" in call("users", "add", "bob@example.com").out


def test_a_password_may_come_from_stdin(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert main(["users", "add", "ann@example.com", "--password-stdin"]) == 0
    assert Workspace.open(shop).people().log_in("ann@example.com", PASSWORD)


def test_a_key_is_shown_once_listed_and_revoked(shop: Path, call: Call) -> None:
    made = call("keys", "create", "etl", "--scope", "sync:write", "-s", "sync:read", "--tenant", "acme")
    text = made.out.strip()
    people = Workspace.open(shop).people()
    caller = people.by_key(text)
    assert (caller.tenant, caller.scopes) == ("acme", {Scope.SYNC_WRITE, Scope.SYNC_READ})
    listed = call("keys", "list", "--tenant", "acme")
    assert text[:12] in listed.out
    assert text not in listed.out
    assert call("keys", "list").out.startswith("No keys yet")
    assert call("keys", "revoke", "etl", "--yes").code == 2
    assert call("keys", "revoke", "etl", "--yes", "--tenant", "acme").code == 0
    with pytest.raises(Refused):
        people.by_key(text)
    assert "revoked" in call("keys", "list", "--tenant", "acme").out


def test_a_key_for_programs_is_told_as_json(shop: Path, call: Call) -> None:
    made = call("keys", "create", "etl", "-s", "runs:write", "--expires", "90d", "--json").json
    assert made["key"].startswith(made["prefix"])
    assert made["expires_at"] > made["created_at"]
    assert "key" not in call("keys", "list", "--json").json[0]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["users", "add", "ann"], "not an email"),
        (["users", "disable", "ann@example.com", "--yes"], "no user"),
        (["users", "add", "ann@example.com", "--role", "SystemAdmin", "--tenant", "acme"], "belongs to the tenant"),
        (["keys", "create", "etl", "-s", "admin", "--tenant", "../x"], "cannot be the name"),
        (["keys", "create", "etl", "-s", "admin", "--expires", "soon"], "neither days nor a date"),
        (["keys", "create", "etl", "-s", "admin", "--expires", "2020-01-01"], "is past"),
        (["keys", "create", " ", "-s", "admin"], "has a name"),
        (["keys", "create", "etl", "-s", "all"], "Invalid value"),
        (["keys", "create", "etl"], "Missing option"),
    ],
)
def test_what_cannot_be_is_told(shop: Path, call: Call, wrong: list[str], told: str) -> None:
    answer = call(*wrong)
    assert answer.code == 2
    assert told in answer.err
