"""The rows that are measured with: 14 columns of types that give trouble, made and changed by the server itself."""

from __future__ import annotations

import psycopg

TABLE = "items"
COLUMNS = {
    "id": "bigint",
    "uid": "uuid",
    "name": "text",
    "description": "text",
    "price": "numeric(12,2)",
    "quantity": "integer",
    "weight": "double precision",
    "active": "boolean",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
    "attributes": "jsonb",
    "note": "text",
    "rank": "integer",
    "class": "integer",
}
DEFINITION = ", ".join(f"{name} {kind}" + " NOT NULL" * (name == "id") for name, kind in COLUMNS.items())
NAMES = ", ".join(COLUMNS)

_ROW = """
    i, md5(i::text)::uuid, 'Zoë Ünal 東京 ' || i, md5((i * 7)::text) || ' ✓ ' || md5(i::text), (i % 10000000) * 0.01,
    i % 1000, CASE WHEN i % 100 = 0 THEN 'NaN' ELSE i * 1.1 END, i % 2 = 0,
    timestamptz '2024-01-01 00:00:00.123456Z' + i * interval '1 second',
    timestamptz '2025-01-01Z' + i * interval '1 second',
    jsonb_build_object('a', i, 'b', jsonb_build_array(1, 2.5, NULL), 'ö', 'ß'),
    CASE WHEN i % 300 = 0 THEN '' WHEN i % 3 <> 0 THEN 'note, "' || i || '"' END,
    CASE WHEN i % 5 <> 0 THEN i % 77 END, i % 50
"""


def fill(url: str, rows: int) -> None:
    """Make the table of the source, with its key and an index on the cursor."""
    _do(
        url,
        f"CREATE TABLE {TABLE} ({DEFINITION})",
        f"INSERT INTO {TABLE} SELECT {_ROW} FROM generate_series(1, {rows}::bigint) AS r (i)",
        f"ALTER TABLE {TABLE} ADD PRIMARY KEY (id)",
        f"CREATE INDEX ON {TABLE} (updated_at)",
    )


def update(url: str, turn: int) -> None:
    """Change one row of a hundred, others in each turn."""
    _do(url, _updated(turn))


def mix(url: str, rows: int, turn: int) -> None:
    """Change one row of a hundred, delete one of two hundred, and add as many; others in each turn."""
    new = f"generate_series({rows + turn * (rows // 200)} + 1, {rows + (turn + 1) * (rows // 200)}::bigint)"
    _do(
        url,
        _updated(50 + turn),
        f"DELETE FROM {TABLE} WHERE id % 200 = {20 + turn}",
        f"INSERT INTO {TABLE} SELECT {_ROW} FROM {new} AS r (i)",
    )


def settle(*urls: str) -> None:
    """Bring databases to rest: what autovacuum would do, and what is still to be written."""
    for url in urls:
        _do(url, "VACUUM (ANALYZE)", "CHECKPOINT")


def _updated(rest: int) -> str:
    changed = "quantity = quantity + 1, price = price + 0.01, updated_at = clock_timestamp()"
    return f"UPDATE {TABLE} SET {changed} WHERE id % 100 = {rest}"


def _do(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
