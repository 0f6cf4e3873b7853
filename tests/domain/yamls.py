"""YAML as an editor sees it, checked by the published schema; and files made up from the schema."""

from functools import cache
from typing import Any, TypeAlias

import jsonschema
import yaml
from hypothesis import strategies as st

from syncline.config.schema import File, schema
from syncline.connector import source_kinds

JSON: TypeAlias = Any
WORDS = {None: "null", True: "true", False: "false"}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
ANYTHING: st.SearchStrategy[JSON] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


class Plain(yaml.SafeLoader):
    """What JSON can say: a date is a text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - that is what PyYAML calls them
        first: [(tag, pattern) for tag, pattern in known if not tag.endswith("timestamp")]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read(text: str | bytes) -> JSON:
    return _named(yaml.load(text, Loader=Plain))


def _named(value: JSON) -> JSON:
    if isinstance(value, dict):
        return {WORDS.get(key, str(key)): _named(inner) for key, inner in value.items()}
    return [_named(inner) for inner in value] if isinstance(value, list) else value


def complaints(text: str | bytes, file: File = "connection") -> list[str]:
    """What an editor would underline."""
    return [f"{error.json_path}: {error.message}" for error in _checker(file, *source_kinds()).iter_errors(read(text))]


@cache
def _checker(file: File, *_kinds: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(schema(file))


def made_from(shape: JSON, root: JSON) -> st.SearchStrategy[JSON]:
    """Values that fit a shape."""
    if "$ref" in shape:
        return made_from(root["$defs"][shape["$ref"].rpartition("/")[2]], root)
    if "allOf" in shape:
        return made_from(shape["allOf"][0], root)
    if "const" in shape or "enum" in shape:
        return st.sampled_from(shape.get("enum", [shape.get("const")]))
    if "anyOf" in shape:
        return st.one_of([made_from(one, root) for one in shape["anyOf"]])
    kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    return st.one_of([_of_type(kind, shape, root) for kind in kinds])


def _of_type(kind: str, shape: JSON, root: JSON) -> st.SearchStrategy[JSON]:
    if kind == "object":
        return _object(shape, root)
    if kind == "array":
        return st.lists(
            made_from(shape["items"], root), min_size=shape.get("minItems", 0), max_size=shape.get("maxItems", 3)
        )
    least, most = shape.get("minimum"), shape.get("maximum")
    text = st.text(min_size=shape.get("minLength", 0), max_size=shape.get("maxLength", 20))
    return {
        "string": st.from_regex(shape["pattern"]) if "pattern" in shape else text,
        "integer": st.integers(least, most),
        "number": st.floats(least, most, allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
        "null": st.none(),
    }[kind]


def _object(shape: JSON, root: JSON) -> st.SearchStrategy[JSON]:
    if "properties" not in shape:
        names = st.from_regex(r"\A\w[\w.-]{0,8}\Z") | st.text(max_size=9)
        inner = made_from(shape["additionalProperties"], root)
        return st.dictionaries(names, inner, min_size=shape.get("minProperties", 0), max_size=3)
    inner = {name: made_from(one, root) for name, one in shape["properties"].items()}
    needed = shape.get("required", [])
    rest = {name: one for name, one in inner.items() if name not in needed}
    return st.fixed_dictionaries({name: inner[name] for name in needed}, optional=rest)


def places(value: JSON, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each value within another."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for key, inner in pairs for place in places(inner, (*way, key)))]


def put(value: JSON, way: tuple[Any, ...], other: JSON) -> JSON:
    """The value with another one in a place within it."""
    if not way:
        return other
    copy = value.copy()
    copy[way[0]] = put(value[way[0]], way[1:], other)
    return copy
