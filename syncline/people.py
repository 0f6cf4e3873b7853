"""Who may do what: users, API keys, and what the memory of them must be able to do."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from syncline.errors import ConfigError, SynclineError
from syncline.model import JSON


class Role(StrEnum):
    """What a person is to a company; SystemAdmin alone may act for any of them (P5.9)."""

    SYSTEM_ADMIN = "SystemAdmin"
    COMPANY_ADMIN = "CompanyAdmin"
    INTEGRATION = "Integration"
    VIEWER = "Viewer"


class Scope(StrEnum):
    """What may be done: push rows, look, start runs, change who may do what."""

    SYNC_WRITE = "sync:write"
    SYNC_READ = "sync:read"
    RUNS_WRITE = "runs:write"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)
_TENANT = re.compile(r"\w[\w.-]{0,199}")
_WORKING = frozenset({Scope.SYNC_WRITE, Scope.SYNC_READ, Scope.RUNS_WRITE})
_OF_ROLE = {
    Role.SYSTEM_ADMIN: ALL_SCOPES,
    Role.COMPANY_ADMIN: ALL_SCOPES,
    Role.INTEGRATION: _WORKING,
    Role.VIEWER: frozenset({Scope.SYNC_READ}),
}


def scopes_of(role: Role) -> frozenset[Scope]:
    """What a person of this role may do.

    Example:
        >>> sorted(scopes_of(Role.VIEWER))
        [<Scope.SYNC_READ: 'sync:read'>]
    """
    return _OF_ROLE[role]


def checked_tenant(name: str) -> str:
    """The name of a company, which can stand in a path.

    Raises:
        ConfigError: it cannot.
    """
    if not _TENANT.fullmatch(name):
        hint = "use letters, digits, `_`, `-` and `.`"
        raise ConfigError(f"`{name}` cannot be the name of a company", hint=hint)
    return name


@dataclass(frozen=True, slots=True)
class User:
    """A person of a company."""

    id: str
    tenant: str
    email: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None
    has_password: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """What a program shows to be let in; the key itself is known to its owner only, `prefix` is its beginning."""

    id: str
    tenant: str
    name: str
    prefix: str
    role: Role
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_over(self, moment: datetime) -> bool:
        """Whether it lets nobody in any more."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= moment)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and for which company: a user, a key, or on an open site anybody (`user` and `key` are None)."""

    tenant: str
    role: Role
    scopes: frozenset[Scope]
    name: str
    user: str | None = None
    key: str | None = None

    @property
    def id(self) -> str:
        """As it stands in `createByUserId` and in the audit log."""
        return self.user or (f"key:{self.key}" if self.key else "anybody")

    def may(self, scope: Scope) -> bool:
        """Whether the caller may do this; who has `admin` may do everything."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def may_act_for(self, tenant: str) -> bool:
        """Whether the caller may act for this company: its own, or any for a SystemAdmin (P5.9)."""
        return tenant == self.tenant or self.role is Role.SYSTEM_ADMIN


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the audit log: who did what to what, when and from where."""

    at: datetime
    actor: str
    action: str
    subject: str = ""
    address: str = ""
    details: Mapping[str, JSON] = field(default_factory=dict)


class Refused(SynclineError):
    """Who asks is not let in: unknown, expired, revoked, disabled, or a wrong password."""


class Throttled(SynclineError):
    """Too many attempts: the next is listened to after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class People(Protocol):
    """The people and keys of one tenant, as `actor` at `address` asks for them; what is changed is noted.

    Who is not known yet is found by a secret, whatever the tenant.
    """

    @property
    def tenant(self) -> str:
        """Whose."""

    @property
    def actor(self) -> str:
        """Who asks, as the audit log shows it."""

    @property
    def address(self) -> str:
        """From where."""

    def has_users(self) -> bool:
        """Whether any company has one, disabled or not."""

    def users(self) -> list[User]:
        """The users of the tenant, by email."""

    def add_user(self, email: str, role: Role, *, password: str | None = None) -> User:
        """A new user; without a password it needs a link (`invite`) or logs in elsewhere.

        Raises:
            ConfigError: the email is none or is taken, or the password too short.
        """

    def disable(self, email: str) -> User:
        """Log a user out and let them in no more.

        Raises:
            ConfigError: there is none.
        """

    def keys(self) -> list[Key]:
        """The keys of the tenant, newest first."""

    def create_key(
        self,
        name: str,
        scopes: Collection[Scope],
        *,
        role: Role = Role.INTEGRATION,
        expires_at: datetime | None = None,
    ) -> tuple[Key, str]:
        """A new key, and its text, which is shown this once and stored nowhere.

        Raises:
            ConfigError: it has no name or may do nothing.
        """

    def revoke(self, key: str) -> Key:
        """Let a key in no more; `key` is its id, its prefix or its name.

        Raises:
            ConfigError: there is none, or more than one.
        """

    def by_key(self, text: str) -> Caller:
        """Who has this key.

        Raises:
            Refused: it is unknown, expired or revoked.
        """

    def by_session(self, token: str) -> Caller:
        """Who is logged in with this token.

        Raises:
            Refused: nobody, or not any more.
        """

    def log_in(self, email: str, password: str) -> str:
        """The token of a new session.

        Raises:
            Refused: the email or the password is wrong.
            Throttled: there were too many attempts for this account or from this address.
        """

    def let_in(self, email: str, *, create: Role | None = None) -> str:
        """The token of a new session for whom an identity provider vouches; `create` makes who is unknown a user.

        Raises:
            Refused: unknown or disabled.
        """

    def log_out(self, token: str) -> None:
        """End a session."""

    def invite(self, email: str | None = None) -> str:
        """The token of a link that works once: to choose a password or, without `email`, to become SystemAdmin.

        Raises:
            ConfigError: there is no such user.
        """

    def invited(self, token: str) -> str | None:
        """The email a link is for; None: who follows it chooses one.

        Raises:
            Refused: it was used, has expired or never was one.
        """

    def accept(self, token: str, email: str, password: str) -> str:
        """Use a link: the password is set and a session begun; gives its token.

        Raises:
            Refused: it was used, has expired or never was one.
            ConfigError: the email or the password will not do; the link can still be used.
        """

    def note(self, action: str, subject: str = "", **details: JSON) -> None:
        """Write a line of the audit log."""

    def notes(self, *, limit: int = 100) -> list[Note]:
        """The latest lines of the audit log, newest first."""
