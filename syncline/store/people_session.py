"""How people come in: sessions, links that work once, and a brake on guessing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from sqlalchemy import Connection, Row, and_, or_

from syncline.people import Caller, Refused, Role, Throttled, scopes_of
from syncline.store import people_tables as tables
from syncline.store.database import now
from syncline.store.people_secret import digest, new_token
from syncline.store.tenant import Tenant, anywhere

SESSION, IDLE = timedelta(days=7), timedelta(hours=12)
"""How long somebody stays logged in, at most and without a sign of life."""
SEEN = timedelta(minutes=1)
"""How often it is written down that a session or key was used."""
LINK = timedelta(hours=24)
WINDOW = timedelta(minutes=15)
"""Attempts to log in are counted over this time."""
PER_ACCOUNT, PER_ADDRESS = 5, 20
IPV6 = 6
_SESSION, _USER, _LINK, _ATTEMPT = tables.session.c, tables.user.c, tables.link.c, tables.attempt.c


@dataclass(frozen=True, slots=True)
class Sessions:
    """Who is logged in."""

    lasts: timedelta = SESSION
    idle: timedelta = IDLE

    def begin(self, connection: Connection, user: Row[Any]) -> str:
        """Log a user in; gives the token. Sessions that are over go."""
        token, moment, tenant = new_token(), now(connection), Tenant(user.tenant)
        connection.execute(tenant.delete(tables.session).where(_SESSION.expires_at <= moment))
        times = {"created_at": moment, "seen_at": moment, "expires_at": moment + self.lasts}
        connection.execute(tenant.insert(tables.session, hash=digest(token), user=user.id, **times))
        return token

    def find(self, connection: Connection, token: str) -> tuple[Caller, bool]:
        """Who has this token, and whether it should be written down that they were here.

        Raises:
            Refused: nobody, or not any more.
        """
        of_user = and_(_USER.tenant == _SESSION.tenant, _USER.id == _SESSION.user)
        query = anywhere(tables.session).join(tables.user, of_user)
        found = connection.execute(
            query.add_columns(_USER.email, _USER.role, _USER.disabled_at).where(_SESSION.hash == digest(token))
        ).one_or_none()
        moment = now(connection)
        if found is None or found.disabled_at is not None:
            raise Refused("nobody is logged in")
        if moment >= min(found.expires_at, found.seen_at + self.idle):
            raise Refused("the session has ended; log in again")
        return caller_of(found.tenant, found.user, found.email, found.role), moment - found.seen_at >= SEEN

    def seen(self, connection: Connection, tenant: Tenant, token: str) -> None:
        """Write down that somebody was here."""
        change = tenant.update(tables.session, seen_at=now(connection))
        connection.execute(change.where(_SESSION.hash == digest(token)))

    def end(self, connection: Connection, tenant: Tenant, token: str) -> None:
        """Log out."""
        connection.execute(tenant.delete(tables.session).where(_SESSION.hash == digest(token)))

    def end_all(self, connection: Connection, tenant: Tenant, user: str) -> None:
        """Log a user out everywhere."""
        connection.execute(tenant.delete(tables.session).where(_SESSION.user == user))


def caller_of(tenant: str, user: str, email: str, role: str) -> Caller:
    """A user who asks."""
    return Caller(tenant, Role(role), scopes_of(Role(role)), email, user=user)


@dataclass(frozen=True, slots=True)
class Links:
    """Links that work once: they are for a user who has no password yet, or for the first SystemAdmin."""

    tenant: Tenant

    def make(self, connection: Connection, user: str | None, lasts: timedelta = LINK) -> str:
        """A new link; the ones before it for the same user work no more."""
        token, moment = new_token(), now(connection)
        same = _LINK.user.is_(None) if user is None else _LINK.user == user
        connection.execute(self.tenant.delete(tables.link).where(same))
        new = self.tenant.insert(tables.link, hash=digest(token), user=user, expires_at=moment + lasts)
        connection.execute(new)
        return token

    def find(self, connection: Connection, token: str) -> Row[Any]:
        """The link, of whichever tenant.

        Raises:
            Refused: it was used, has expired or never was one.
        """
        query = anywhere(tables.link).where(_LINK.hash == digest(token)).with_for_update()
        found = connection.execute(query).one_or_none()
        if found is None or found.used_at is not None or found.expires_at <= now(connection):
            raise Refused("this link was used, has expired or never was one")
        return found

    def use(self, connection: Connection, link: Row[Any], moment: datetime) -> None:
        """It works no more."""
        change = Tenant(link.tenant).update(tables.link, used_at=moment)
        connection.execute(change.where(_LINK.hash == link.hash))


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often somebody tried to log in: to one account, and from one address."""

    tenant: Tenant

    def count(self, connection: Connection, account: str, address: str) -> float:
        """Count an attempt before it is known how it ends; gives the seconds to wait if there were too many."""
        moment = now(connection)
        subjects = {_address(address): PER_ADDRESS, _account(account): PER_ACCOUNT}  # in this order, for the locks
        for subject, most in subjects.items():
            row = self._row(connection, subject, moment)
            if row.tries >= most:  # an address that has to wait makes up no more accounts
                return float((row.since + WINDOW - moment).total_seconds())
        change = self.tenant.update(tables.attempt, tries=_ATTEMPT.tries + 1)
        connection.execute(change.where(_ATTEMPT.subject.in_(subjects)))
        return 0.0

    def forgive(self, connection: Connection, account: str, address: str) -> None:
        """It was the right one: it does not count, and the account begins anew. What is long ago goes."""
        subject, before = _ATTEMPT.subject, now(connection) - WINDOW
        change = self.tenant.update(tables.attempt, tries=_ATTEMPT.tries - 1)
        connection.execute(change.where(subject == _address(address), _ATTEMPT.tries > 0))
        over = or_(subject == _account(account), _ATTEMPT.since <= before)
        connection.execute(self.tenant.delete(tables.attempt).where(over))

    def _row(self, connection: Connection, subject: str, moment: datetime) -> Row[Any]:
        """What is counted of a subject in this window, locked."""
        mine = _ATTEMPT.subject == subject
        self.tenant.insert_new(connection, tables.attempt, subject=subject, tries=0, since=moment)
        query = self.tenant.select(tables.attempt).where(mine).with_for_update()
        if (row := connection.execute(query).one()).since > moment - WINDOW:
            return row
        connection.execute(self.tenant.update(tables.attempt, tries=0, since=moment).where(mine))
        return connection.execute(query).one()


def too_many(seconds: float) -> Throttled:
    """What is said to who tries too often."""
    minutes = max(round(seconds / 60), 1)
    message = f"too many attempts to log in; try again in {minutes} minute{'' if minutes == 1 else 's'}"
    return Throttled(message, retry_after=seconds)


def _account(email: str) -> str:
    return digest(f"account {email}")


def _address(address: str) -> str:
    """One machine; an IPv6 network of 64 bits counts as one."""
    try:
        place = ip_address(address)
    except ValueError:
        return digest(f"address {address}")
    known = str(ip_network(f"{place}/64", strict=False)) if place.version == IPV6 else str(place)
    return digest(f"address {known}")
