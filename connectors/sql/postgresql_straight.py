"""A first load into an empty table of PostgreSQL: copied straight into it, its key made afterwards, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import psycopg
import pyarrow as pa

from connectors.sql.loading import Refused
from connectors.sql.postgresql import Connection, codec
from connectors.sql.postgresql_form import formless
from connectors.sql.postgresql_stage import COPY_ROWS, copied, told
from connectors.sql.postgresql_statement import Statements
from connectors.sql.sqlite import quoted
from syncline import Load

MANY = 10_000
_KEY = (
    "SELECT k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid "
    "JOIN pg_index i ON i.indexrelid = k.conindid JOIN pg_class x ON x.oid = k.conindid "
    "WHERE k.conrelid = %s::regclass AND k.contype = 'p' AND t.relkind = 'r' AND NOT t.relispartition "
    "AND pg_has_role(t.relowner, 'USAGE') AND x.reltablespace = 0 AND x.reloptions IS NULL AND NOT i.indisclustered "
    "AND NOT i.indisreplident AND obj_description(k.oid, 'pg_constraint') IS NULL "
    "AND NOT EXISTS (SELECT FROM pg_constraint r WHERE r.confrelid = k.conrelid)"
)
"""A key that is just as we would make it, so that it can be taken away and made again."""


def load_straight(
    connection: Connection, request: Load, statements: Statements, progress: Callable[[int], None]
) -> bool:
    """Load at once what is many rows into nothing; False where it is something else, and nothing was done.

    Raises:
        Refused: not all rows can go in; what was done is to be rolled back.
    """
    rows = request.changes.inserted + request.changes.updated
    if rows < MANY or not statements.is_straight or not _is_empty(connection, statements.name):
        return False
    key = connection.execute(_KEY, [statements.name]).fetchone()
    if key is None or not _is_ours_alone(connection, statements.name):
        return False
    name, definition = key
    if request.target.on_delete != "ignore":
        progress(request.changes.deleted)  # nothing is there to be deleted
    connection.execute(f"ALTER TABLE {statements.name} DROP CONSTRAINT {quoted(name)}")
    batches = told(_with_form(request.changes.upserts(COPY_ROWS), codec(connection)), progress)
    if copied(connection, statements.columns, batches, request.model.schema) < rows:
        raise Refused("a trigger left rows out")
    connection.execute(f"ALTER TABLE {statements.name} ADD CONSTRAINT {quoted(name)} {definition}")
    return True


def _is_empty(connection: Connection, table: str) -> bool:
    return connection.execute(f"SELECT FROM {table} LIMIT 1").fetchone() is None


def _is_ours_alone(connection: Connection, table: str) -> bool:
    """Whether nobody else uses the table now, nor can before we have ended, and it is still empty."""
    try:
        with connection.transaction():
            connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE NOWAIT")
    except psycopg.errors.LockNotAvailable:
        return False
    return _is_empty(connection, table)


def _with_form(batches: Iterable[pa.RecordBatch], encoding: str) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if bad := formless(batch, encoding):
            raise Refused(next(iter(bad.values())))
        yield batch
