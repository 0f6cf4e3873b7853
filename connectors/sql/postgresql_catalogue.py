"""What PostgreSQL says of its tables: where they are, their columns and their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.sql.postgresql_link import Link
from connectors.sql.postgresql_type import Found
from connectors.sql.reading import PLAN_TABLE, is_query, unknown
from connectors.sql.sqlite import quoted

ROWS = "syncline_rows"
"""What the rows read are called in a statement."""
_TABLES, _VIEWS = ("r", "p", "f"), ("v", "m")
_BEAR_THEIR_TRANSACTION = ("r", "p", "m")


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view or query, and what it has.

    Args:
        origin: what `from:` calls it.
        sql: how a statement calls it.
        columns: its columns by name.
        number: its number in the catalogue; 0 for a query.
        tells_transactions: each row says which transaction wrote it.
    """

    origin: str
    sql: str
    columns: dict[str, Found]
    number: int = 0
    tells_transactions: bool = False

    def column(self, name: str) -> Found:
        """The column of this name, letter by letter.

        Raises:
            ConfigError: there is none; the known ones are listed.
        """
        if name not in self.columns:
            raise unknown("column", f"{self.origin}.{name}", self.columns)
        return self.columns[name]


def tables(link: Link, schema: str | None, *, views: bool = True) -> list[str]:
    """The tables and views of the schema, or else of those that are searched; parts of a table do not count."""
    kinds = _listed([*_TABLES, *(_VIEWS if views else ())])
    rows = link.rows(
        f"SELECT c.relname::text AS name {_FROM} WHERE c.relkind IN ({kinds}) AND NOT c.relispartition "
        f"AND {_is_searched(schema)} AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
        f'AND c.relname <> {literal(PLAN_TABLE)} ORDER BY c.relname::text COLLATE "C"'
    )
    return [row["name"] for row in rows]


def relation(link: Link, origin: str, schema: str | None) -> Relation:
    """What `from:` names.

    Raises:
        ConfigError: there is no such table, or the query is wrong.
    """
    if is_query(origin):
        sql = f"({origin.strip().rstrip(';')}\n) AS {ROWS}"
        return Relation(origin, sql, _columns(link, sql))
    found = _found(link, origin, schema)
    if found is None:
        raise unknown("table", origin, tables(link, schema))
    sql = f"{quoted(found['schema'])}.{quoted(found['name'])} AS {ROWS}"
    return Relation(origin, sql, _columns(link, sql), found["number"], found["tells"])


def key(link: Link, found: Relation) -> tuple[str, ...]:
    """The primary key, or else a unique index on columns that are never NULL."""
    rows = link.rows(
        "SELECT i.indexrelid::int8 AS index, a.attname::text AS name, i.indisprimary OR a.attnotnull AS required "
        "FROM pg_index AS i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place) "
        "JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number "
        f"WHERE i.indrelid = {found.number} AND i.indisunique AND i.indisvalid AND i.indpred IS NULL "
        "AND i.indexprs IS NULL AND k.place <= i.indnkeyatts "
        "ORDER BY i.indisprimary DESC, i.indexrelid, k.place"
    )
    indices: dict[int, list[str]] = {}
    for row in rows:
        indices.setdefault(row["index"], []).append(row["name"])
    nullable = {row["name"] for row in rows if not row["required"]}
    return next((tuple(names) for names in indices.values() if not nullable & set(names)), ())


def literal(text: str) -> str:
    """A text in a statement; of whichever type it is compared with."""
    return "'" + text.replace("'", "''") + "'"


_FROM = "FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"


def _found(link: Link, origin: str, schema: str | None) -> dict[str, Any] | None:
    """The table of this name where tables are looked for, or else `schema.table`; there is at most one of each."""
    before, _, after = origin.partition(".")
    rows = link.rows(
        "SELECT c.oid::int8 AS number, n.nspname::text AS schema, c.relname::text AS name, "
        f"CASE WHEN c.relkind IN ({_listed(_BEAR_THEIR_TRANSACTION)}) "
        "THEN has_column_privilege(c.oid, 'xmin', 'SELECT') ELSE false END AS tells "
        f"{_FROM} WHERE c.relkind IN ({_listed([*_TABLES, *_VIEWS])}) AND (c.relname = {literal(origin)} "
        f"AND {_is_searched(schema)} OR n.nspname = {literal(before)} AND c.relname = {literal(after)}) "
        f"ORDER BY c.relname = {literal(origin)} DESC"
    )
    return rows[0] if rows else None


def _is_searched(schema: str | None) -> str:
    return "pg_table_is_visible(c.oid)" if schema is None else f"n.nspname = {literal(schema)}"


def _columns(link: Link, sql: str) -> dict[str, Found]:
    return {field.name: Found.of(field) for field in link.schema(f"SELECT * FROM {sql}")}


def _listed(words: list[str] | tuple[str, ...]) -> str:
    return ", ".join(literal(word) for word in words)
