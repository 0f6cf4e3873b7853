"""A large table of PostgreSQL read in ranges of its key: by several connections at once, which see one snapshot.

The ranges come one after another, so the rows are in the order of the key as if one connection had read them all. Each
range but the first waits, read up to a few batches, until it is its turn; so there are many, and they are small.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, suppress

import pyarrow as pa

from connectors.sql.ahead import Ahead
from connectors.sql.postgresql_catalogue import ROWS, Relation, literal
from connectors.sql.postgresql_link import Link, linked
from connectors.sql.sqlite import quoted
from syncline import SynclineError

READERS = min(4, (os.cpu_count() or 1) - 1)
"""One core is left to what is done with the rows; the server may be another machine."""
RANGE_ROWS = 65_536
FEWEST = 16
_AHEAD = 4
_SAMPLED_PAGES = 30
_WORDS = ("int2", "int4", "int8", "date", "timestamp", "timestamptz", "uuid")


def ranges(link: Link, relation: Relation, column: str) -> list[str]:
    """Conditions that share the rows of a table among them, in the order of this column; one where that does not help.

    It helps with many rows and an index. How the ranges are cut is guessed from a few pages, which makes them uneven at
    worst: each row is in one, those without a value in the last.
    """
    if READERS < 2 or not relation.tells_transactions or relation.column(column).word not in _WORDS:  # noqa: PLR2004
        return ["true"]
    [found] = link.rows(_about(relation, column))
    count = int(found["rows"] / RANGE_ROWS)
    if count < FEWEST or not found["helps"]:
        return ["true"]
    share = min(100.0, 100.0 * _SAMPLED_PAGES * count / max(found["pages"], 1))
    name = f"{ROWS}.{quoted(column)}"
    sample = (
        f"SELECT {name} AS edge, row_number() OVER (ORDER BY {name}) AS place, count(*) OVER () AS found "
        f"FROM {relation.sql} TABLESAMPLE SYSTEM ({share}) REPEATABLE (1) WHERE {name} IS NOT NULL"
    )
    edges = link.rows(
        f"SELECT DISTINCT edge::text AS word, edge FROM ({sample}) AS s "
        f"WHERE place % greatest(found / {count}, 1) = 0 ORDER BY edge"
    )
    words = [literal(row["word"]) for row in edges]
    lower, upper = [f"{name} >= {word}" for word in words], [f"{name} < {word}" for word in words]
    inner = [f"{low} AND {high}" for low, high in zip(lower[:-1], upper[1:], strict=True)]
    return [upper[0], *inner, f"({lower[-1]} OR {name} IS NULL)"] if words else ["true"]


def batches(link: Link, statements: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The answers to statements one after another, fetched ahead; of several, by several connections at once."""
    with ExitStack() as stack:
        links = [link, *_fellows(link, min(READERS, len(statements)) - 1, stack)]
        depth = _AHEAD if len(links) > 1 else _AHEAD // 2
        answers = []
        for number, one in enumerate(links):
            reader = Ahead(_answers(one, statements[number :: len(links)]), one.cancel, depth)
            stack.callback(reader.close)
            answers.append(iter(reader))
        for turn in range(len(statements)):
            while (batch := next(answers[turn % len(links)])) is not None:
                yield batch
        for answer in answers:
            next(answer, None)  # so that nobody is cancelled who has come to the end


def _fellows(link: Link, count: int, stack: ExitStack) -> Iterator[Link]:
    """More connections that see what this one sees; fewer where the server has no room for them."""
    if count < 1:
        return
    snapshot = link.rows("SELECT pg_export_snapshot() AS snapshot")[0]["snapshot"]
    with suppress(SynclineError):
        for _ in range(count):
            yield stack.enter_context(linked(link.url, snapshot))


def _answers(link: Link, statements: Sequence[str]) -> Generator[pa.RecordBatch | None]:
    """Batch by batch, and None after each answer."""
    for statement in statements:
        yield from link.batches(statement)
        yield None


def _about(relation: Relation, column: str) -> str:
    index = (
        "SELECT FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_am AS m ON m.oid = x.relam "
        "JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] "
        f"WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree' "
        f"AND a.attname = {literal(column)}"
    )
    return (
        f"SELECT c.reltuples::float8 AS rows, c.relpages::int8 AS pages, "
        f"c.relkind IN ('r', 'm') AND EXISTS ({index}) AS helps FROM pg_class AS c WHERE c.oid = {relation.number}"
    )
