"""What comes in by the API: it can name no code and no file of this machine, and nobody on its own network.

What is said in files is said by people who may run commands here. Who may use the API need not be one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, get_args, get_type_hints
from urllib.parse import parse_qsl

from syncline.config.kind import settings as settings_of
from syncline.config.mistakes import Mistakes
from syncline.config.settings import Settings
from syncline.connector import Connector, destination_kind, source_kind
from syncline.download import looked_up
from syncline.errors import ConfigError, TransientError
from syncline.secret import Secret

Given: TypeAlias = Mapping[str, Any]
KEPT = "secret"
"""`{"secret": "…"}` stands for a text that is written to a file of its own, and shown to nobody."""
_REFERENCE = re.compile(r"\$\{(\w*):([^}]*)\}")
_SCHEME = re.compile(r"(postgres|postgresql|mysql|mariadb)(\+(psycopg|pymysql))?|https?|s3")
_ADDRESS = re.compile(
    r"[^:]+://((?P<account>[^@/?#\\\s]*)@)?(?P<hosts>[^@/?#\\\s]*)(/[^@?#\\\s]*)?(\?(?P<options>[^@#\\\s]*))?"
)
"""Without what one library takes for the end of the account, or of the host, and another one does not."""
_HOST = re.compile(r"((?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])|\$\{env:\w+\})(:\d{1,5})?")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_OPTIONS = frozenset({"sslmode", "connect_timeout", "application_name", "charset"})
_PORT = 443
_ENVIRONMENT, _PASSWORD = "AWS_ACCESS_KEY_ID", "PGPASSWORD"


def check_stranger(given: Given, settings: Settings) -> None:
    """See that a connection names only what the workspace allows to whom it does not know.

    Raises:
        ConfigError: it names something else; each such place is told.
    """
    mistakes, stranger = Mistakes(), _Stranger(settings)
    for check in (stranger.references, stranger.ends, stranger.functions, stranger.publications):
        for problem in check(given):
            with mistakes.noted():
                raise problem
    mistakes.tell()


def texts(given: Any, way: str = "") -> Iterator[tuple[str, str]]:
    """All texts in it, each with the way to it."""
    if isinstance(given, str):
        yield way, given
    elif isinstance(given, Mapping):
        for key, value in given.items():
            yield from texts(value, f"{way}.{key}".lstrip("."))
    elif isinstance(given, list):
        for index, value in enumerate(given):
            yield from texts(value, f"{way}[{index}]")


class _Stranger:
    """What the workspace says to it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.allowed = settings.api

    def references(self, given: Given) -> Iterator[ConfigError]:
        """Only variables that are allowed; files never."""
        for way, text in texts(given):
            for kind, name in _REFERENCE.findall(text):
                if kind != "env" or name not in self.allowed.env:
                    hint = f"`api: {{env: [{name}]}}` in syncline.yaml allows it" if kind == "env" else "use ${env:…}"
                    yield ConfigError(f"`{way}` may not refer to `{kind}:{name}`", hint=hint)

    def ends(self, given: Given) -> Iterator[ConfigError]:
        """Connectors that ask other machines, with settings that lead nowhere else."""
        sources = {"source": given.get("source"), **_within("sources", given.get("sources"))}
        for way, end in sources.items():
            yield from self._end(way, end, source_kind)
        if not isinstance(given.get("destination"), str):
            yield from self._end("destination", given.get("destination"), destination_kind)

    def functions(self, given: Given) -> Iterator[ConfigError]:
        """Functions that are allowed by name."""
        for way, model in _within("models", given.get("models")).items():
            said = model.get("transform") if isinstance(model, Mapping) else None
            function = said.get("function") if isinstance(said, Mapping) else said
            if function is not None and function not in self.allowed.functions:
                hint = f"`api: {{functions: [{function}]}}` in syncline.yaml allows it"
                yield ConfigError(f"`{way}.transform` may not name a function", hint=hint)

    def publications(self, given: Given) -> Iterator[ConfigError]:
        """Files that go to the storage, or to a bucket; templates only where paths are allowed."""
        for way, said in _named("publish", given):
            for item in said if isinstance(said, list) else [said]:
                if isinstance(item, Mapping):
                    if "template" in item:
                        yield from self._path(f"{way}.template")
                    if (to := item.get("to")) is not None:
                        place = to if isinstance(to, Mapping) else {"url": to}
                        yield from self._place(f"{way}.to", place)

    def _end(self, way: str, end: Any, find: Any) -> Iterator[ConfigError]:
        if not isinstance(end, Mapping) or not isinstance(end.get("kind"), str):
            return  # told by who reads it
        try:
            kind: type[Connector] = find(end["kind"])
        except ConfigError:
            return
        if not kind.is_remote:
            yield ConfigError(f"`{way}`: the kind `{end['kind']}` cannot come in by the API", hint="write it in a file")
            return
        hints = get_type_hints(kind)
        for setting in settings_of(kind):
            value, at = end.get(setting.name), f"{way}.{setting.name}"
            if value in (None, ""):
                continue
            if Path in (hints[setting.name], *get_args(hints[setting.name])):
                yield from self._path(at)
            elif setting.name == "folder":
                yield from self._place(way, {**end, "url": value})
            elif hints[setting.name] is Secret:
                yield from self._word(at, value)
            elif "://" in str(_plain(value)) or setting.name in {"url", "endpoint"}:
                yield from self._address(at, value)

    def _place(self, way: str, place: Given) -> Iterator[ConfigError]:
        """A bucket with its own key, for that of the environment is not the stranger's."""
        if not str(_plain(place.get("url"))).startswith("s3://"):  # a number is a path as well
            yield from self._path(way)
            return
        for name, said in (
            ("bucket", str(_plain(place["url"]))[5:].partition("/")[0]),
            ("region", place.get("region")),
        ):
            if said and not _LABEL.fullmatch(str(_plain(said))):  # it becomes a part of the name of a host
                yield ConfigError(f"`{way}`: this is no {name}")
        yield from self._word(f"{way}.secret", place.get("secret") or "")
        if not (place.get("key") and place.get("secret")) and _ENVIRONMENT not in self.allowed.env:
            yield ConfigError(f"`{way}` needs a `key` and a `secret` of its own")
        if place.get("endpoint"):
            yield from self._address(f"{way}.endpoint", place["endpoint"])

    def _path(self, way: str) -> Iterator[ConfigError]:
        if not self.allowed.paths:
            yield ConfigError(
                f"`{way}` may not name a path on this machine", hint="`api: {paths: true}` in syncline.yaml allows it"
            )

    def _word(self, way: str, value: Any) -> Iterator[ConfigError]:
        if value and isinstance(value, str) and not isinstance(value, Secret) and not _REFERENCE.fullmatch(value):
            yield ConfigError(f"`{way}` is a secret", hint='`${env:NAME}`, or {"secret": "…"}: it is shown to nobody')

    def _address(self, way: str, value: Any) -> Iterator[ConfigError]:
        """An address whose host is public, and that bears no secret in clear."""
        text = str(_plain(value))
        if _REFERENCE.fullmatch(text):
            return  # the workspace has allowed it by its name
        scheme = text.partition("://")[0]
        if scheme.startswith(("sqlite", "duckdb", "file")):
            yield from self._path(way)
        elif not _SCHEME.fullmatch(scheme):
            yield ConfigError(f"`{way}` is of a kind that cannot come in by the API: `{scheme[:40]}`")
        elif (found := _ADDRESS.fullmatch(text)) is None:
            hint = (
                "in user, password and names write %40 for @, %2F for /, %23 for #, %3F for ? and %5C for a backslash"
            )
            yield ConfigError(f"`{way}` is no address that is read by all in one way", hint=hint)
        else:
            yield from self._account(way, scheme, found["account"] or "", is_secret=isinstance(value, Secret))
            yield from _options(way, found["options"] or "")
            for host in found["hosts"].split(","):
                yield from self._host(way, host)

    def _account(self, way: str, scheme: str, account: str, *, is_secret: bool) -> Iterator[ConfigError]:
        """A password of its own, for those of the environment are not the stranger's; and not in clear."""
        password = account.partition(":")[2]
        if password and not is_secret and not _REFERENCE.search(password):
            hint = '`${env:NAME}` in its place, or {"secret": "the whole address"}'
            yield ConfigError(f"`{way}` bears a password", hint=hint)
        if not password and scheme.startswith("postgres") and _PASSWORD not in self.allowed.env:
            yield ConfigError(f"`{way}` needs a password of its own", hint="user:${env:NAME}@host")

    def _host(self, way: str, place: str) -> Iterator[ConfigError]:
        found = _HOST.fullmatch(place)
        if found is None:
            yield ConfigError(f"`{way}` names no host")
        elif found["name"]:  # else it is a variable that is allowed
            try:
                looked_up(found["name"].strip("[]"), _PORT, "", allows_private=self.settings.allow_private_urls)
            except (ConfigError, TransientError) as error:
                yield ConfigError(f"`{way}`: {error.message}", hint=error.hint)


def _options(way: str, options: str) -> Iterator[ConfigError]:
    odd = sorted({name for name, _ in parse_qsl(options, keep_blank_values=True)} - _OPTIONS)
    if odd:
        yield ConfigError(f"`{way}` may not say `{odd[0][:40]}`", hint=f"only {', '.join(sorted(_OPTIONS))}")


def _plain(value: Any) -> Any:
    return value.reveal() if isinstance(value, Secret) else value


def _within(name: str, given: Any) -> dict[str, Any]:
    return {f"{name}.{key}": value for key, value in given.items()} if isinstance(given, Mapping) else {}


def _named(name: str, given: Any, way: str = "") -> Iterator[tuple[str, Any]]:
    """What stands under this key, wherever."""
    if isinstance(given, Mapping):
        for key, value in given.items():
            at = f"{way}.{key}".lstrip(".")
            if key == name:
                yield at, value
            yield from _named(name, value, at)  # also within it: a model may be called so
