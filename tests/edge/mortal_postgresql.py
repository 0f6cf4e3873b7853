"""Where a run is, as it speaks to PostgreSQL: for `tests.edge.mortal`."""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy import Engine, event

from connectors.sql import postgresql_link, postgresql_reader, postgresql_straight, postgresql_writer
from syncline.store import database

BEFORE = {'UPDATE "sent"."_syncline_plan"': "before the plan is noted"}
AFTER = {
    "CREATE TABLE": "in prepare",
    "CREATE TEMPORARY TABLE": "before rows are copied",
    "ALTER TABLE": "while the key is away",
    'DELETE FROM "sent"."items"': "between deletes and upserts",
    'INSERT INTO "sent"."items"': "after the upserts",
    'UPDATE "sent"."_syncline_plan"': "before the load is committed",
}
"""What is said -> the point that is passed before it, or once it is done."""


def trace(fate: Any) -> None:
    """The destination's statements are heard, and the commits of the store."""
    in_small_batches()
    database.ASLEEP_SECONDS = 1
    execute = psycopg.Connection.execute

    def traced(connection: Any, query: Any, *args: Any, **options: Any) -> Any:
        pass_by(fate, BEFORE, query)
        done = execute(connection, query, *args, **options)
        pass_by(fate, AFTER, query)
        return done

    psycopg.Connection.execute = traced
    event.listen(Engine, "commit", lambda _connection: fate.committing and fate.at("in commit"))


def pass_by(fate: Any, points: dict[str, str], query: Any) -> None:
    for beginning, point in points.items():
        if str(query).startswith(beginning):
            fate.at(point)


def in_small_batches() -> None:
    """Few rows are many pieces, so that there is a middle to end in, and enough for a first load to go straight."""
    postgresql_link._BATCH_BYTES = 4096
    postgresql_reader.BATCH_ROWS = postgresql_writer.COPY_ROWS = postgresql_straight.COPY_ROWS = 40
    postgresql_straight.MANY = 100
