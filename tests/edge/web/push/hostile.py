"""Requests that nobody would send in earnest: made of values of hypothesis's, by the thousand."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.edge.web.push.steel import guid

WORDS = [
    "NaN",
    "1e400",
    "-0",
    "2026-02-30",
    "2026-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "\0",
    "🐈",
    "a" * 5000,
]
NUMBERS = [
    "1e400",
    "-1e-400",
    "0.1234567890123456789",
    "9" * 400,
    "9" * 4500,
    "-0",
    "1E5",
    "0x10",
    "01",
    "NaN",
    "Infinity",
]
COLUMNS = ["mark", "profile", "grade", "quantity", "length", "weight", "painted", "updated_at", "assembly_guid"]
NAMES = [*COLUMNS, "guid", "company_guid", "colour", "", "__proto__", "tenant"]
DEEP = b"[" * 3000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
"""Anything; text has halves of pairs in it, too."""


@dataclass
class Hostile:
    """Makes requests of some values; the same ones for the same chance."""

    values: Sequence[Any]
    chance: Random
    number: int = field(default=0)

    def request(self) -> tuple[str, bytes, dict[str, str]]:
        """Method, body and headers."""
        self.number += 1
        method = self.chance.choice(["POST", "POST", "POST", "DELETE"])
        body, headers = self._body(method), dict[str, str]()
        if self.chance.random() < 0.2:
            headers["Idempotency-Key"] = self.chance.choice(["a", "b", str(self.number)])
        if self.chance.random() < 0.2:
            headers["Content-Encoding"] = "gzip"
            body = self._packed(body)
        return method, body, headers

    def _body(self, method: str) -> bytes:
        items = [self._item() if method == "POST" else self._guid() for _ in range(self.chance.choice([0, 1, 1, 2, 5]))]
        text = json.dumps(items, ensure_ascii=self.chance.random() < 0.5)
        match self.chance.randrange(12):
            case 0:
                text = text.replace("1", self.chance.choice(NUMBERS))
            case 1:
                text = text.replace('"grade"', '"mark"').replace('"colour"', '"guid"')
            case 2:
                return text.encode(self.chance.choice(["utf-16", "utf-32", "latin-1", "utf-8-sig"]), "replace")
            case 3:
                return self._torn(text.encode(errors="surrogatepass"))
            case 4:
                return self.chance.choice([DEEP, b'{"a":' * 3000, b"", b"null", b"[[]]", b"[{}]", self._bytes()])
        return text.encode(errors="surrogatepass")

    def _item(self) -> Any:
        if self.chance.random() < 0.1:
            return self._value()
        item: dict[str, Any] = {"mark": "P", "profile": "IPE", "guid": guid(self.chance.randrange(30))}
        for name in self.chance.sample(NAMES, self.chance.choice([0, 0, 1, 3])):
            item[name] = self._value()
        return item

    def _guid(self) -> Any:
        return self._value() if self.chance.random() < 0.1 else guid(self.chance.randrange(30))

    def _value(self) -> Any:
        return self.chance.choice(self.values)

    def _torn(self, body: bytes) -> bytes:
        at = self.chance.randrange(len(body))
        return body[:at] + self.chance.choice([b"", b"\0", b"\xff", b'"', b"\\ud800"]) + body[at + 1 :]

    def _bytes(self) -> bytes:
        return self.chance.randbytes(50)

    def _packed(self, body: bytes) -> bytes:
        packed = gzip.compress(body, 1)
        match self.chance.randrange(8):
            case 0:
                return packed[: self.chance.randrange(len(packed))]
            case 1:
                return packed + self._bytes()
            case 2:
                return body
            case 3 if self.chance.random() < 0.05:
                return gzip.compress(b" " * 20_000_000, 1)
        return packed
