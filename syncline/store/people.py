"""Who may do what, in a SQL database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import time_ns
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row

from syncline.errors import ConfigError
from syncline.model import JSON
from syncline.people import Caller, Key, Note, Refused, Role, Scope, User
from syncline.store import people_tables as tables
from syncline.store.database import Database, now
from syncline.store.people_key import Keys, caller_with, key_of, used
from syncline.store.people_secret import checked_email, fits, hashed, normal
from syncline.store.people_session import Attempts, Links, Sessions, too_many
from syncline.store.tenant import Tenant, anywhere

_USER, _AUDIT = tables.user.c, tables.audit.c


@dataclass(frozen=True, slots=True)
class SqlPeople:
    """The people and keys of one tenant, in SQLite or PostgreSQL; see `People` for what each method promises.

    `home` is the tenant of the workspace: its people alone may be SystemAdmin.
    """

    database: Database
    tenant: str = "default"
    actor: str = "system"
    address: str = ""
    home: str = "default"
    sessions: Sessions = field(default_factory=Sessions)

    def has_users(self) -> bool:
        """Whether any company has one, disabled or not."""
        with self.database.reading() as view:
            return _are_users(view)

    def users(self) -> list[User]:
        """The users of the tenant, by email."""
        with self.database.reading() as view:
            return [_user(row) for row in view.execute(self._mine.select(tables.user).order_by(_USER.email))]

    def add_user(self, email: str, role: Role, *, password: str | None = None) -> User:
        """A new user."""
        stored = None if password is None else hashed(password)
        with self.database.writing() as transaction:
            user = self._add(transaction, self._mine, email, role, stored)
            self._note(transaction, "user added", user.email, details={"role": role})
            return _user(user)

    def disable(self, email: str) -> User:
        """Log a user out and let them in no more."""
        with self.database.writing() as transaction:
            user = self._named(transaction, email)
            change = self._mine.update(tables.user, disabled_at=now(transaction))
            transaction.execute(change.where(_USER.id == user.id))
            self.sessions.end_all(transaction, self._mine, user.id)
            self._note(transaction, "user disabled", user.email)
            return _user(self._named(transaction, email))

    def keys(self) -> list[Key]:
        """The keys of the tenant, newest first."""
        with self.database.reading() as view:
            return Keys(self._mine).all(view)

    def create_key(
        self,
        name: str,
        scopes: Collection[Scope],
        *,
        role: Role = Role.INTEGRATION,
        expires_at: datetime | None = None,
    ) -> tuple[Key, str]:
        """A new key, and its text, which is shown this once and stored nowhere."""
        if not name.strip() or not scopes:
            raise ConfigError("a key has a name and at least one scope", hint=f"scopes: {', '.join(Scope)}")
        self._check(role, self.tenant)
        with self.database.writing() as transaction:
            key, text = Keys(self._mine).create(transaction, name.strip(), scopes, role, expires_at)
            self._note(transaction, "key created", key.prefix, details={"name": key.name, "scopes": sorted(key.scopes)})
        return key, text

    def revoke(self, key: str) -> Key:
        """Let a key in no more."""
        with self.database.writing() as transaction:
            revoked = Keys(self._mine).revoke(transaction, key)
            self._note(transaction, "key revoked", revoked.prefix, details={"name": revoked.name})
        return revoked

    def by_key(self, text: str) -> Caller:
        """Who has this key."""
        with self.database.reading() as view:
            key, is_news = key_of(view, text)
        if is_news:
            with self.database.writing() as transaction:
                used(transaction, key)
        return self._here(caller_with(key))

    def by_session(self, token: str) -> Caller:
        """Who is logged in with this token."""
        with self.database.reading() as view:
            caller, is_news = self.sessions.find(view, token)
        if is_news:
            with self.database.writing() as transaction:
                self.sessions.seen(transaction, Tenant(caller.tenant), token)
        return self._here(caller)

    def log_in(self, email: str, password: str) -> str:
        """The token of a new session."""
        account, attempts = normal(email), Attempts(self._mine)
        with self.database.writing() as transaction:
            wait = attempts.count(transaction, account, self.address)
        if wait:
            raise too_many(wait)
        with self.database.reading() as view:
            user = _anywhere(view, account)
        is_right = fits(user.password if user else None, password)
        with self.database.writing() as transaction:
            if user is None or user.disabled_at is not None or not is_right:
                tenant = Tenant(user.tenant) if user else self._mine
                self._note(transaction, "log in refused", account, tenant=tenant)
            else:
                attempts.forgive(transaction, account, self.address)
                return self._begin(transaction, user)
        raise Refused("the email or the password is wrong")

    def let_in(self, email: str, *, create: Role | None = None) -> str:
        """The token of a new session for whom an identity provider vouches."""
        with self.database.writing() as transaction:
            user = _anywhere(transaction, normal(email))
            if user is None and create is not None:
                user = self._add(transaction, self._mine, email, create, None)
            if user is not None and user.disabled_at is None:
                return self._begin(transaction, user)
            self._note(transaction, "log in refused", normal(email))
        raise Refused(f"{email} has no account here", hint="ask an administrator for one")

    def log_out(self, token: str) -> None:
        """End a session."""
        with self.database.writing() as transaction:
            try:
                caller, _ = self.sessions.find(transaction, token)
            except Refused:
                return
            tenant = Tenant(caller.tenant)
            self.sessions.end(transaction, tenant, token)
            self._note(transaction, "logged out", caller.name, tenant=tenant, actor=caller.id)

    def invite(self, email: str | None = None) -> str:
        """The token of a link that works once."""
        with self.database.writing() as transaction:
            user = None if email is None else self._named(transaction, email)
            token = Links(self._mine).make(transaction, None if user is None else str(user.id))
            self._note(transaction, "link made", email or "")
        return token

    def invited(self, token: str) -> str | None:
        """The email a link is for."""
        with self.database.reading() as view:
            link = self._link(view, token)
            return None if link.user is None else str(_of_link(view, link).email)

    def accept(self, token: str, email: str, password: str) -> str:
        """Use a link: the password is set and a session begun; gives its token."""
        stored = hashed(password)
        with self.database.writing() as transaction:
            link = self._link(transaction, token)
            tenant = Tenant(link.tenant)
            if link.user is None:
                user = self._add(transaction, tenant, email, Role.SYSTEM_ADMIN, stored)
            else:
                user = _of_link(transaction, link)
                change = tenant.update(tables.user, password=stored)
                transaction.execute(change.where(_USER.id == user.id))
                self.sessions.end_all(transaction, tenant, user.id)
            Links(self._mine).use(transaction, link, now(transaction))
            self._note(transaction, "link used", user.email, tenant=tenant, actor=user.id)
            return self._begin(transaction, user)

    def note(self, action: str, subject: str = "", **details: JSON) -> None:
        """Write a line of the audit log."""
        with self.database.writing() as transaction:
            self._note(transaction, action, subject, details=details)

    def notes(self, *, limit: int = 100) -> list[Note]:
        """The latest lines of the audit log, newest first."""
        query = self._mine.select(tables.audit).order_by(_AUDIT.at.desc(), _AUDIT.id.desc()).limit(limit)
        with self.database.reading() as view:
            rows = view.execute(query)
            return [Note(row.at, row.actor, row.action, row.subject, row.address, row.details) for row in rows]

    @property
    def _mine(self) -> Tenant:
        return Tenant(self.tenant)

    def _here(self, caller: Caller) -> Caller:
        """A SystemAdmin of another workspace with this database is here an administrator of their company alone."""
        if caller.role is Role.SYSTEM_ADMIN and caller.tenant != self.home:
            return replace(caller, role=Role.COMPANY_ADMIN)
        return caller

    def _link(self, connection: Connection, token: str) -> Row[Any]:
        """The link; the one for the first SystemAdmin is none any more once there are users."""
        link = Links(self._mine).find(connection, token)
        if link.user is None and _are_users(connection):
            raise Refused("this link was for the first user, and there is one by now", hint="`syncline users add`")
        return link

    def _named(self, connection: Connection, email: str) -> Row[Any]:
        query = self._mine.select(tables.user).where(_USER.email == normal(email))
        found = connection.execute(query).one_or_none()
        if found is None:
            raise ConfigError(f"there is no user `{email}`", hint="`syncline users list`")
        return found

    def _add(self, connection: Connection, tenant: Tenant, email: str, role: Role, password: str | None) -> Row[Any]:
        self._check(role, tenant.name)
        id, stored = str(uuid4()), checked_email(email)
        values = {"role": role, "password": password, "created_at": now(connection)}
        if not tenant.insert_new(connection, tables.user, id=id, email=stored, **values):
            raise ConfigError(f"there is a user `{stored}` already", hint="`syncline users list`")
        return connection.execute(tenant.select(tables.user).where(_USER.id == id)).one()

    def _check(self, role: Role, tenant: str) -> None:
        if role is Role.SYSTEM_ADMIN and tenant != self.home:
            message = f"a {Role.SYSTEM_ADMIN} belongs to the tenant of the workspace, `{self.home}`, not to `{tenant}`"
            raise ConfigError(message, hint=f"give the role {Role.COMPANY_ADMIN}")

    def _begin(self, connection: Connection, user: Row[Any]) -> str:
        self._note(connection, "logged in", user.email, tenant=Tenant(user.tenant), actor=user.id)
        return self.sessions.begin(connection, user)

    def _note(
        self,
        connection: Connection,
        action: str,
        subject: str = "",
        *,
        tenant: Tenant | None = None,
        actor: str = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        who = {"actor": actor or self.actor, "address": self.address, "at": now(connection), "id": _next_id()}
        new = (tenant or self._mine).insert(tables.audit, action=action, subject=subject, details=details or {}, **who)
        connection.execute(new)


def _next_id() -> str:
    """An id that sorts after those before it, for what happens within a thousandth of a second."""
    return f"{time_ns():x}-{uuid4().hex[:16]}"


def _are_users(connection: Connection) -> bool:
    return connection.execute(anywhere(tables.user).limit(1)).first() is not None


def _anywhere(connection: Connection, email: str) -> Row[Any] | None:
    return connection.execute(anywhere(tables.user).where(_USER.email == email)).one_or_none()


def _of_link(connection: Connection, link: Row[Any]) -> Row[Any]:
    query = Tenant(link.tenant).select(tables.user).where(_USER.id == link.user, _USER.disabled_at.is_(None))
    found = connection.execute(query).one_or_none()
    if found is None:
        raise Refused("the user of this link was disabled")
    return found


def _user(row: Row[Any]) -> User:
    return User(
        row.id, row.tenant, row.email, Role(row.role), row.created_at, row.disabled_at, row.password is not None
    )
