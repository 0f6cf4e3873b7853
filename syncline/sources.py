"""Several sources in one model: each is a part of it, with cursors of its own (R8)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import pyarrow as pa

from syncline.connector import Source
from syncline.constants import Constants
from syncline.errors import Missing, TransientError
from syncline.model import JSON, Batch, Cursor, DataModel, Read
from syncline.patience import patient

BETWEEN = "/"
"""Stands between the name of a part and that of a part within it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the sources of a model.

    Args:
        name: what it is called in the model; empty where the source is the only one and keeps its own parts.
        source: which of the connection's sources.
        origin: which table or file there.
        attributes: what the source is told about it; those named like columns of the model are their values (P2.15).
        is_one: it has no parts within it, whatever the source calls what it reads.
    """

    name: str
    source: str
    origin: str
    attributes: Mapping[str, JSON] = field(default_factory=dict)
    is_one: bool = False

    def __str__(self) -> str:
        """As it stands in messages and fingerprints."""
        place = BETWEEN.join(dict.fromkeys(name for name in (self.name, self.source) if name))
        said = f" {json.dumps(dict(self.attributes), sort_keys=True)}" if self.attributes else ""
        return f"{place}: {self.origin}{said}" if place else f"{self.origin}{said}"


def origin(parts: Sequence[Part]) -> str:
    """What stands for all these parts together.

    Example:
        >>> origin([Part("shop", "shop", "invoice"), Part("erp", "erp", "rechnung", {"vat": 19})])
        'shop: invoice, erp: rechnung {"vat": 19}'
    """
    return ", ".join(map(str, parts))


@dataclass(frozen=True)
class Combined(Source):
    """The sources of a connection as one: a model is read from one part after another, each by its own rules.

    A part that cannot be reached, or is not there, is *missing*: the others are read, and what is known of it stays.

    Args:
        members: the sources by name.
        origins: what `origin` gives for the parts of a model -> these parts; any other origin is the only source's.
        stands_for: the source in whose place these are read this time: they go by its identity and its order.
        is_all: there are no other parts, so what is known of others is gone.
    """

    members: Mapping[str, Source]
    origins: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    stands_for: Source | None = None
    is_all: bool = True

    def __post_init__(self) -> None:
        """It can do what all of its members can."""
        for power in ("rereads", "positions_are_keys"):
            object.__setattr__(self, power, all(getattr(source, power) for source in self.members.values()))

    def identity(self) -> str:
        """What its members are, by their names."""
        if self.stands_for is not None:
            return self.stands_for.identity()
        return ", ".join(f"{name}={source.identity()}" if name else source.identity() for name, source in self._all)

    def check(self) -> None:
        """Reach each of them."""
        for _, source in self._all:
            source.check()

    def describe(self, origin: str) -> DataModel | None:
        """As the first part has it."""
        source, first = self.first(origin)
        return source.describe(first)

    def columns(self, origin: str) -> pa.Schema | None:
        """As the first part has them."""
        source, first = self.first(origin)
        return source.columns(first)

    def first(self, origin: str) -> tuple[Source, str]:
        """The source that tells what a row is, and what it is asked about."""
        if isinstance(self.stands_for, Combined):
            return self.stands_for.first(origin)
        first = self.parts(origin)[0]
        return self.members[first.source], first.origin

    def order(self, origin: str) -> Sequence[str] | None:
        """The parts as they are declared."""
        if self.stands_for is not None:
            return self.stands_for.order(origin) or ()
        first, *others = self.parts(origin)
        if not others and not first.name:
            return self.members[first.source].order(first.origin)
        return [first.name, *(part.name for part in others)]

    def reaches(self, origin: str, since: Mapping[str, Cursor]) -> bool:
        """Whether each part does."""
        return all(
            self.members[part.source].reaches(part.origin, _below(part.name, since)) for part in self.parts(origin)
        )

    def places(self, origin: str) -> Iterator[tuple[str, str]]:
        """What each part is read from."""
        for part in self.parts(origin):
            yield from self.members[part.source].places(part.origin)

    def read(self, request: Read) -> Iterator[Batch]:
        """One part after another.

        Raises:
            TransientError, Missing: none of them can be read.
        """
        parts, missing = self.parts(request.origin), 0
        for part in parts:
            yield from self._mentioned(part)
            try:
                batches = patient(lambda part=part: self._begun(part, request))  # type: ignore[misc]
            except (TransientError, Missing) as error:
                missing += 1
                if missing == len(parts):
                    raise
                yield Batch(part=part.name, missing=str(error))
            else:
                yield from batches
        if self.is_all and all(part.name for part in parts):
            yield Batch(listed="")

    def _mentioned(self, part: Part) -> Iterator[Batch]:
        """So that it is known of, even if it says nothing."""
        if part.name:
            yield Batch(part=part.name)

    def _begun(self, part: Part, request: Read) -> Iterator[Batch]:
        """The batches of a part, the first of which is there already: it can be reached."""
        constants = Constants.of(part.attributes, request.model)
        batches = self.members[part.source].read(_inner(part, constants, request))
        first = next(batches, None)
        return (_outer(part, constants, batch) for batch in chain([] if first is None else [first], batches))

    @property
    def _all(self) -> list[tuple[str, Source]]:
        return sorted(self.members.items())

    def parts(self, origin: str) -> tuple[Part, ...]:
        """The parts that `origin` stands for."""
        return self.origins.get(origin) or tuple(Part("", name, origin) for name in self.members)


def _inner(part: Part, constants: Constants, request: Read) -> Read:
    """The request as it concerns one part."""
    return replace(
        request,
        model=constants.without(request.model),
        origin=part.origin,
        since=_below(part.name, request.since),
        position=_below(part.name, request.position),
        again=None if request.again is None else constants.own(request.again),
        attributes=part.attributes,
    )


def _below(name: str, parts: Mapping[str, JSON]) -> dict[str, JSON]:
    """What is known of a part and the parts within it, by the names they have there.

    Example:
        >>> _below("shop", {"shop": 1, "shop/a.csv": 2, "shops": 3})
        {'': 1, 'a.csv': 2}
    """
    if not name:
        return dict(parts)
    whole = f"{name}{BETWEEN}"
    return {part[len(whole) :]: value for part, value in parts.items() if part == name or part.startswith(whole)}


def _above(name: str, part: str) -> str:
    return BETWEEN.join(each for each in (name, part) if each)


def _outer(part: Part, constants: Constants, batch: Batch) -> Batch:
    """A batch of one part as it concerns the model."""
    return replace(
        batch,
        rows=constants.beside(batch.rows),
        deleted=constants.beside(batch.deleted),
        part=part.name if part.is_one else _above(part.name, batch.part),
        listed=None if batch.listed is None else _above(part.name, batch.listed),
        rejected=constants.named(batch.rejected),
    )
