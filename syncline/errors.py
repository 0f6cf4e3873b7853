"""What can go wrong, sorted by what to do about it.

SynclineError
├── ConfigError      change a setting
│   ├── ConfigErrors change several
│   └── Missing      what is to be read is not there this time
├── DataError        look at the rows
├── TransientError   try again (may say when)
├── Withheld         look at it, then approve
├── Cancelled        somebody wanted a run to end
├── Busy             another run of the connection is active: wait for it
└── LeaseLost        another worker has taken over: this one changes nothing more
"""

from __future__ import annotations

from collections.abc import Sequence


class SynclineError(Exception):
    """A problem told in one message: what, where, how much, and the way out.

    Example:
        >>> str(ConfigError("the key column `id` is not in table `pet`", where="pets.yaml:7", hint="check `key:`"))
        'pets.yaml:7: the key column `id` is not in table `pet` (check `key:`)'
    """

    exit_code = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """The whole message on one line."""
        place = f"{self.where}: " if self.where else ""
        way_out = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{way_out}"


class ConfigError(SynclineError):
    """A setting must change before this can work."""

    exit_code = 2

    @property
    def each(self) -> tuple[ConfigError, ...]:
        """The mistakes this tells of, one by one."""
        return (self,)


class ConfigErrors(ConfigError):
    """Several settings must change, each for a reason of its own."""

    def __init__(self, each: Sequence[ConfigError]) -> None:
        super().__init__("; ".join(map(str, each)))
        self.args = (tuple(each),)

    @property
    def each(self) -> tuple[ConfigError, ...]:
        """The mistakes, one by one."""
        return tuple(self.args[0])


class Missing(ConfigError):
    """What is to be read is not there, this time or ever: a file, a folder."""


class DataError(SynclineError):
    """The rows themselves are in the way."""


class TransientError(SynclineError):
    """It may work when tried again, after `retry_after` seconds where that is known."""

    def __init__(self, message: str, *, where: str = "", hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, where=where, hint=hint)
        self.retry_after = retry_after


class Withheld(SynclineError):
    """Something waits for a person to approve it."""

    exit_code = 3


class Cancelled(SynclineError):
    """Somebody wanted the run to end; what is committed stays (R30)."""


class Busy(SynclineError):
    """Another run of the connection is active; `run` is its id."""

    def __init__(self, message: str, *, run: str, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.run = run


class LeaseLost(SynclineError):
    """Another worker holds the connection now, so this one must change nothing more."""
