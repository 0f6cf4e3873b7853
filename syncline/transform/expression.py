"""An expression of the user's: parsed by the engine itself, over our columns, and refused where it cannot be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

from syncline.changes import physical
from syncline.engine import Engine
from syncline.errors import ConfigError, SynclineError
from syncline.statement import literal
from syncline.transform.vocabulary import Vocabulary, refuse_now

Tree: TypeAlias = dict[str, Any]

_REFUSED = {
    "SUBQUERY": "a query within an expression",
    "PARAMETER": "a parameter",
    "STAR": "`*`",
    "DEFAULT": "DEFAULT",
    "POSITIONAL_REFERENCE": "a column by its number",
}
_TEXT = "a text stands in single quotes: \"'text'\""
_PLAIN: Tree = {
    "type": "SELECT_NODE",
    "modifiers": [],
    "where_clause": None,
    "group_expressions": [],
    "having": None,
    "sample": None,
    "qualify": None,
    "aggregate_handling": "STANDARD_HANDLING",
}
"""What a query is made of that is nothing but one expression."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression over the columns at rest.

    Args:
        sql: it, with c0, c1, … as columns.
        column: the column that it is, unchanged; empty: it is more than a column.
        aggregates: it makes one row of several.
    """

    sql: str
    column: str = ""
    aggregates: bool = False


def parse(engine: Engine, text: str, columns: Sequence[str], *, row_wise: bool = True) -> Expression:
    """What `text` means over rows with these columns, c0, c1, … at rest (R16).

    A column is found by its exact name, else by one that differs from it in case only. A text that is just the name of
    a column is this column.

    Raises:
        ConfigError: it is not one expression, names a column that is not there, or its value would not be a matter
            of the row alone.

    Example:
        >>> from syncline.engine import opened
        >>> with opened() as engine:
        ...     parse(engine, "upper(Name) || '!'", ["Id", "Name"]).sql
        "(upper(c1) || '!')"
    """
    name = text.strip()
    if name in columns and not name.isdigit():  # also one that is a word of SQL, such as `order`
        return Expression(physical(columns.index(name)), name)
    tree = _tree(engine, text)
    known = Vocabulary.of(engine, [node["function_name"] for node in _called(tree)])
    _refuse(tree, known, row_wise=row_wise)
    found = _column(tree.get("column_names", []), columns)
    _Rewriting(columns).apply(tree, {})
    aggregates = any(known.is_aggregate(node["function_name"]) for node in _called(tree))
    return Expression(_text(engine, tree), found, aggregates)


def parse_condition(engine: Engine, text: str, columns: Sequence[str]) -> Expression:
    """The same for a condition, whose parts between AND are asked from left to right, as far as they are true.

    The engine itself would ask them in any order: `a <> '' AND CAST(a AS int) > 5` would fail now and then.

    Example:
        >>> from syncline.engine import opened
        >>> with opened() as engine:
        ...     parse_condition(engine, "id > 1 AND id < 9", ["id"]).sql
        'CASE WHEN (c0 > 1) THEN (c0 < 9) ELSE false END'
    """
    whole = parse(engine, text, columns)
    *first, last = _parts(_tree(engine, text))
    if not first:
        return whole
    _Rewriting(columns).apply([*first, last], {})
    sql = _text(engine, last)
    for part in reversed(first):
        sql = f"CASE WHEN {_text(engine, part)} THEN {sql} ELSE false END"
    return Expression(sql)


def _parts(tree: Tree) -> list[Tree]:
    """The conditions that must all be true."""
    if tree["type"] != "CONJUNCTION_AND":
        return [tree]
    return [part for child in tree["children"] for part in _parts(child)]


def _tree(engine: Engine, text: str) -> Tree:
    parsed = json.loads(engine.rows(f"SELECT json_serialize_sql({literal(_query(text))})")[0][0])
    if parsed["error"]:
        hint = "names with blanks, or that are words of SQL, stand in double quotes"
        raise ConfigError(f"`{text}` is not an expression: {parsed['error_message']}", hint=hint)
    node = parsed["statements"][0]["node"]
    whole = len(parsed["statements"]) == 1 and all(node.get(part) == value for part, value in _PLAIN.items())
    if not whole or node["from_table"]["type"] != "EMPTY" or node["cte_map"]["map"] or len(node["select_list"]) > 1:
        raise ConfigError(f"`{text}` is more than one expression", hint="one value of one row, as in `price * 1.19`")
    tree: Tree = node["select_list"][0]
    if tree["alias"]:
        raise ConfigError(f"`{text}` names its value", hint="the name stands before the colon, under `fields:`")
    return tree


def _query(expression: str) -> str:
    return f"SELECT\n{expression}\n"


def _text(engine: Engine, tree: Tree) -> str:
    """The expression that a tree stands for."""
    frame = json.loads(engine.rows("SELECT json_serialize_sql('SELECT 1')")[0][0])
    frame["statements"][0]["node"]["select_list"] = [tree]
    made = engine.rows(f"SELECT json_deserialize_sql({literal(json.dumps(frame))})")[0][0]
    return str(made).removeprefix("SELECT ")


def _nodes(tree: object) -> Iterator[Tree]:
    """Each node of a tree, from the outside to the inside."""
    if isinstance(tree, dict):
        if "class" in tree:
            yield tree
        for part in tree.values():
            yield from _nodes(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from _nodes(part)


def _called(tree: Tree) -> Iterator[Tree]:
    return (node for node in _nodes(tree) if node["class"] == "FUNCTION")


def _refuse(tree: Tree, known: Vocabulary, *, row_wise: bool) -> None:
    for node in _nodes(tree):
        if word := _REFUSED.get(node["class"]):
            raise ConfigError(f"{word} cannot stand here")
        if node["class"] == "WINDOW" and row_wise:
            _refuse_beyond_the_row("a window function")
    for node in _called(tree):
        name = node["function_name"]
        if node["schema"]:
            raise ConfigError(
                f"`{node['schema']}.{name}` is not a function", hint=f"write `{name}({node['schema']}, …)`"
            )
        known.refuse(name, len(node["arguments"]))
        if row_wise and known.is_aggregate(name):
            _refuse_beyond_the_row(f"`{name}`")


def _refuse_beyond_the_row(what: str) -> None:
    hint = "say `transform: {scope: model}` for what is made of all rows together"
    raise ConfigError(f"{what} looks at more than one row", hint=hint)


@dataclass(frozen=True, slots=True)
class _Rewriting:
    """Turns names of columns into those at rest; `renamed` are the parameters of lambdas around a node."""

    columns: Sequence[str]

    def apply(self, tree: object, renamed: dict[str, str]) -> None:
        if isinstance(tree, list):
            for part in tree:
                self.apply(part, renamed)
        if not isinstance(tree, dict):
            return
        if tree.get("class") == "COLUMN_REF":
            tree["column_names"] = self._at_rest(tree["column_names"], renamed)
        elif tree.get("class") == "LAMBDA" and tree["syntax_type"] == "LAMBDA_KEYWORD":
            parameters = [node["column_names"][0] for node in _nodes(tree["lhs"]) if node["class"] == "COLUMN_REF"]
            inner = renamed | {name.lower(): f"_{len(renamed) + at}" for at, name in enumerate(parameters)}
            self.apply([tree["lhs"], tree["expr"]], inner)
        else:
            self.apply(list(tree.values()), renamed)

    def _at_rest(self, names: list[str], renamed: dict[str, str]) -> list[str]:
        if names[0].lower() in renamed:  # a parameter, or a part of one
            return [renamed[names[0].lower()], *names[1:]]
        if not (found := _column(names, self.columns)):
            self._unknown(".".join(names))
        return [physical(self.columns.index(found))]

    def _unknown(self, name: str) -> None:
        refuse_now(name)
        alike = [column for column in self.columns if column.lower() == name.lower()]
        if alike:
            raise ConfigError(f"`{name}` may be {' or '.join(f'`{one}`' for one in alike)}", hint="write it as it is")
        near = get_close_matches(name, self.columns, 1)
        meant = f"did you mean `{near[0]}`? " if near else ""
        raise ConfigError(f"there is no column `{name}`", hint=f"{meant}columns: {', '.join(self.columns)}; {_TEXT}")


def _column(names: Sequence[str], columns: Sequence[str]) -> str:
    """The column that a reference means, empty if none."""
    if len(names) != 1:
        return ""
    if names[0] in columns:
        return names[0]
    alike = [column for column in columns if column.lower() == names[0].lower()]
    return alike[0] if len(alike) == 1 else ""


def engine_message(error: SynclineError, columns: Sequence[str]) -> str:
    """What the engine itself says of an error, on one line, with the user's names of columns."""
    kind, _, said = str(error.__cause__ or error).split("\n", 1)[0].partition("Error: ")
    at_rest = r"\bc(\d+)\b" if kind.strip() in {"Binder", "Catalog"} else r"(?<=source column )c(\d+)\b"
    return re.sub(at_rest, lambda found: f"`{columns[int(found[1])]}`", said or kind)
