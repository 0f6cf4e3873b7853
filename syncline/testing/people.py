"""What the memory of people and keys must hold, as tests; give it the URL of an empty database."""
# ruff: noqa: D102, S106 - a test's name is its sentence, its passwords are the expectation

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncline.errors import ConfigError
from syncline.people import ALL_SCOPES, Refused, Role, Scope
from syncline.store import open_store
from syncline.store.people import SqlPeople
from syncline.store.people_session import Sessions
from syncline.testing.guessing import PASSWORD, Guessing, everything

SOON = timedelta(milliseconds=1)


class PeopleContract(Guessing):
    """What people and keys must hold. A test class takes it on and gives it the fixture `url`: a new database each."""

    @pytest.fixture
    def people(self, url: str) -> Iterator[SqlPeople]:
        """The people of the tenant `default`, asked for by the test."""
        store = open_store(url)
        yield SqlPeople(store.database, "default", "test", "192.0.2.1")
        store.close()

    def test_who_knows_the_password_is_in_until_they_log_out(self, people: SqlPeople) -> None:
        assert not people.has_users()
        ann = people.add_user("Ann@Example.com", Role.VIEWER, password=PASSWORD)
        assert people.has_users()
        assert people.users() == [ann]
        token = people.log_in(" ann@EXAMPLE.com", PASSWORD)
        caller = people.by_session(token)
        assert (caller.tenant, caller.role, caller.name, caller.user) == ("default", Role.VIEWER, ann.email, ann.id)
        assert (caller.may(Scope.SYNC_READ), caller.may(Scope.RUNS_WRITE)) == (True, False)
        people.log_out(token)
        with pytest.raises(Refused):
            people.by_session(token)
        people.log_out(token)

    @pytest.mark.parametrize("email", ["", "ann", "@x", "a@", "a b@c", "a@\nb", "a\0@b", "x" * 65 + "@b", "a@b@c"])
    def test_what_is_no_email_is_refused(self, people: SqlPeople, email: str) -> None:
        with pytest.raises(ConfigError, match="not an email"):
            people.add_user(email, Role.VIEWER)

    @pytest.mark.parametrize("email", ["a\0@b", "\ud800@b", "", "\U0001f408" * 1000])
    def test_what_no_database_can_hold_lets_nobody_in(self, people: SqlPeople, email: str) -> None:
        with pytest.raises(Refused):
            people.log_in(email, "\0\ud800")
        with pytest.raises(Refused):
            people.by_session(email)

    def test_an_email_stands_for_one_person_whatever_the_tenant(self, people: SqlPeople) -> None:
        people.add_user("ann@example.com", Role.VIEWER)
        with pytest.raises(ConfigError, match="already"):
            replace(people, tenant="acme").add_user("ANN@example.com", Role.VIEWER)

    def test_letters_that_are_alike_without_their_case_are_others_all_the_same(self, people: SqlPeople) -> None:
        people.add_user("ann@strasse.example", Role.VIEWER)
        with pytest.raises(Refused):
            people.let_in("ann@stra\u00dfe.example")

    def test_a_short_password_is_refused(self, people: SqlPeople) -> None:
        with pytest.raises(ConfigError, match="at least 10"):
            people.add_user("ann@example.com", Role.VIEWER, password="too short")
        assert people.users() == []

    def test_secrets_are_stored_as_hashes_only(self, people: SqlPeople) -> None:
        people.add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
        secrets = [people.log_in("ann@example.com", PASSWORD), people.invite(), people.invite("ann@example.com")]
        secrets += [people.create_key("etl", [Scope.SYNC_READ])[1], PASSWORD]
        stored = everything(people)
        assert "$argon2id$" in stored
        for secret in secrets:
            assert secret not in stored
            assert secret[12:] not in stored

    def test_a_disabled_user_is_out_at_once(self, people: SqlPeople) -> None:
        people.add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
        token, link = people.log_in("ann@example.com", PASSWORD), people.invite("ann@example.com")
        assert people.disable("ann@example.com").disabled_at is not None
        assert people.has_users()
        attempts: list[Callable[[], object]] = [
            lambda: people.by_session(token),
            lambda: people.log_in("ann@example.com", PASSWORD),
            lambda: people.let_in("ann@example.com"),
            lambda: people.accept(link, "", PASSWORD),
        ]
        for attempt in attempts:
            with pytest.raises(Refused):
                attempt()

    def test_a_session_ends_by_itself(self, people: SqlPeople) -> None:
        people.add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
        for sessions in (Sessions(lasts=timedelta()), Sessions(idle=timedelta())):
            short = replace(people, sessions=sessions)
            token = short.log_in("ann@example.com", PASSWORD)
            with pytest.raises(Refused, match="has ended"):
                short.by_session(token)

    def test_a_key_lets_in_until_it_is_revoked(self, people: SqlPeople) -> None:
        key, text = people.create_key("etl", [Scope.SYNC_WRITE, Scope.SYNC_READ])
        assert text.startswith(key.prefix)
        caller = people.by_key(text)
        assert (caller.tenant, caller.key, caller.scopes) == ("default", key.id, key.scopes)
        assert caller.id == f"key:{key.id}"
        assert people.revoke(key.prefix).revoked_at is not None
        with pytest.raises(Refused, match="was revoked"):
            people.by_key(text)
        with pytest.raises(ConfigError, match="no key"):
            people.revoke(key.id)

    def test_a_key_ends_when_it_expires(self, people: SqlPeople) -> None:
        _, text = people.create_key("etl", [Scope.SYNC_READ], expires_at=datetime.now(UTC) - SOON)
        with pytest.raises(Refused, match="has expired"):
            people.by_key(text)

    @pytest.mark.parametrize("text", ["", "slk_", "slk_\ud800", "slk_\0", "x" * 100_000])
    def test_what_is_no_key_lets_nobody_in(self, people: SqlPeople, text: str) -> None:
        people.create_key("etl", [Scope.SYNC_READ])
        with pytest.raises(Refused, match="not known"):
            people.by_key(text)

    def test_the_last_use_of_a_key_is_written_down_once_a_minute(self, people: SqlPeople) -> None:
        _, text = people.create_key("etl", [Scope.SYNC_READ])
        assert people.keys()[0].last_used_at is None
        people.by_key(text)
        first = people.keys()[0].last_used_at
        assert first is not None
        people.by_key(text)
        assert people.keys()[0].last_used_at == first

    def test_a_key_with_no_name_or_no_scope_is_refused(self, people: SqlPeople) -> None:
        for name, scopes in ((" ", [Scope.ADMIN]), ("etl", [])):
            with pytest.raises(ConfigError):
                people.create_key(name, scopes)

    def test_the_first_link_makes_a_system_admin_and_works_once(self, people: SqlPeople) -> None:
        token = people.invite()
        assert people.invited(token) is None
        with pytest.raises(ConfigError):
            people.accept(token, "ann", PASSWORD)
        session = people.accept(token, "ann@example.com", PASSWORD)
        caller = people.by_session(session)
        assert (caller.role, caller.scopes, caller.name) == (Role.SYSTEM_ADMIN, ALL_SCOPES, "ann@example.com")
        with pytest.raises(Refused):
            people.invited(token)
        with pytest.raises(Refused):
            people.accept(token, "eve@example.com", PASSWORD)

    def test_the_first_link_is_none_any_more_once_there_is_a_user(self, people: SqlPeople) -> None:
        token = people.invite()
        people.add_user("ann@example.com", Role.VIEWER)
        with pytest.raises(Refused, match="first user"):
            people.invited(token)
        with pytest.raises(Refused, match="first user"):
            people.accept(token, "eve@example.com", PASSWORD)
        assert len(people.users()) == 1

    def test_of_two_who_follow_a_link_at_once_one_comes_in(self, people: SqlPeople) -> None:
        token = people.invite()

        def follow(name: str) -> bool:
            try:
                return bool(people.accept(token, f"{name}@example.com", PASSWORD))
            except Refused:
                return False

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(follow, "abcd")) == 1
        assert len(people.users()) == 1

    def test_a_link_for_a_user_sets_their_password(self, people: SqlPeople) -> None:
        acme = replace(people, tenant="acme")
        acme.add_user("ann@example.com", Role.COMPANY_ADMIN)
        old, token = acme.invite("ann@example.com"), acme.invite("ann@example.com")
        with pytest.raises(Refused):
            people.invited(old)
        assert people.invited(token) == "ann@example.com"
        caller = people.by_session(people.accept(token, "eve@example.com", PASSWORD))
        assert (caller.tenant, caller.name, caller.role) == ("acme", "ann@example.com", Role.COMPANY_ADMIN)
        assert people.log_in("ann@example.com", PASSWORD)

    def test_only_the_workspace_has_system_admins(self, people: SqlPeople) -> None:
        acme = replace(people, tenant="acme")
        with pytest.raises(ConfigError, match="belongs to the tenant of the workspace"):
            acme.add_user("ann@example.com", Role.SYSTEM_ADMIN)
        with pytest.raises(ConfigError, match="belongs to the tenant of the workspace"):
            acme.create_key("etl", [Scope.ADMIN], role=Role.SYSTEM_ADMIN)

    def test_a_system_admin_of_another_workspace_administers_their_company_alone(self, people: SqlPeople) -> None:
        acme = replace(people, tenant="acme", home="acme")
        acme.add_user("ann@example.com", Role.SYSTEM_ADMIN, password=PASSWORD)
        _, text = acme.create_key("etl", [Scope.ADMIN], role=Role.SYSTEM_ADMIN)
        token = acme.log_in("ann@example.com", PASSWORD)
        for place, role in ((acme, Role.SYSTEM_ADMIN), (people, Role.COMPANY_ADMIN)):
            for caller in (place.by_session(token), place.by_key(text)):
                assert (caller.tenant, caller.role) == ("acme", role)
                assert caller.may_act_for("default") is (place is acme)

    def test_who_comes_from_elsewhere_must_be_known_or_wanted(self, people: SqlPeople) -> None:
        with pytest.raises(Refused, match="no account"):
            people.let_in("ann@example.com")
        assert people.by_session(people.let_in("ann@example.com", create=Role.VIEWER)).role is Role.VIEWER
        assert people.by_session(people.let_in("ANN@example.com")).name == "ann@example.com"

    def test_a_user_without_a_password_cannot_log_in_with_one(self, people: SqlPeople) -> None:
        people.add_user("ann@example.com", Role.VIEWER)
        for password in ("", "None", PASSWORD):
            with pytest.raises(Refused):
                people.log_in("ann@example.com", password)

    def test_tenants_do_not_see_each_other(self, people: SqlPeople) -> None:
        acme = replace(people, tenant="acme")
        people.add_user("ann@example.com", Role.VIEWER)
        key, _ = people.create_key("etl", [Scope.SYNC_READ])
        assert (acme.users(), acme.keys(), acme.notes()) == ([], [], [])
        attempts: list[Callable[[str], object]] = [acme.revoke, acme.disable, acme.invite]
        for attempt, what in zip(attempts, [key.id, "ann@example.com", "ann@example.com"], strict=True):
            with pytest.raises(ConfigError):
                attempt(what)

    def test_the_audit_log_tells_who_did_what(self, people: SqlPeople) -> None:
        ann = people.add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
        key, _ = people.create_key("etl", [Scope.SYNC_READ])
        people.revoke("etl")
        with pytest.raises(Refused):
            people.log_in("ann@example.com", "wrong password")
        people.log_out(people.log_in("ann@example.com", PASSWORD))
        people.note("run started", "shop", run="1")
        people.disable("ann@example.com")
        told = [(note.actor, note.action, note.subject) for note in reversed(people.notes())]
        assert told == [
            ("test", "user added", ann.email),
            ("test", "key created", key.prefix),
            ("test", "key revoked", key.prefix),
            ("test", "log in refused", ann.email),
            (ann.id, "logged in", ann.email),
            (ann.id, "logged out", ann.email),
            ("test", "run started", "shop"),
            ("test", "user disabled", ann.email),
        ]
        assert {note.address for note in people.notes()} == {"192.0.2.1"}
        assert people.notes(limit=2)[1].details == {"run": "1"}
