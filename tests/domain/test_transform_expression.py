"""What filters and fields mean, what is refused, and what becomes of rows for which they fail (R16)."""

import pyarrow as pa
import pytest

from syncline.errors import ConfigError, DataError
from syncline.model import DataModel
from syncline.transform import Transform
from syncline.transform import making as making_module
from tests.domain.mill import PETS, mill, pets


def refused(model: DataModel = PETS, **declared: object) -> str:
    with pytest.raises(ConfigError) as caught:
        Transform(where="shop.yaml:4", **declared).made(model)  # type: ignore[arg-type]
    return str(caught.value)


def test_fields_are_the_whole_row_in_their_order_and_the_key_is_renamed() -> None:
    done = mill(Transform(fields={"shout": "upper(name) || '!'", "number": "Id"}), pets("rex", "mia"))
    assert done.rows == [{"shout": "MIA!", "number": 1}, {"shout": "REX!", "number": 0}]
    assert done.model.schema.types == [pa.string(), pa.int64()]
    assert (done.model.name, done.model.key) == ("PETS", ("number",))
    assert done.sources == [(row["number"],) for row in done.table.to_pylist()]
    assert done.parts == ["p", "p"]


def test_a_filter_alone_keeps_the_columns_as_they_are() -> None:
    done = mill(Transform(filter="name <> 'mia'"), pets("rex", "mia", None))
    assert done.table.to_pylist() == pets("rex").cast(PETS.schema).to_pylist()
    assert done.model == PETS
    assert not done.rejected


def test_a_row_whose_value_fails_is_rejected_by_name_and_the_others_go_on() -> None:
    done = mill(Transform(fields={"Id": "Id", "age": "CAST(name AS int)"}), pets("7", "old", "9", None))
    assert done.rows == [{"Id": 0, "age": 7}, {"Id": 2, "age": 9}, {"Id": 3, "age": None}]
    assert list(done.rejected) == [1]
    assert done.rejected[1].startswith("`age`: Could not convert string 'old' to INT32")
    assert "`name`" in done.rejected[1]


def test_every_column_that_fails_is_told() -> None:
    fields = {"Id": "Id", "age": "CAST(name AS int)", "born": "CAST(name AS date)", "no": "10 // Id"}
    done = mill(Transform(fields=fields), pets("x", "2020-01-01"))
    assert [reason.count("`") >= 4 for reason in done.rejected.values()] == [True, True]
    assert "`age`" in done.rejected[0]
    assert "`born`" in done.rejected[0]
    assert "Division by zero" in done.rejected[0]


def test_a_row_whose_filter_fails_is_rejected_not_left_out() -> None:
    done = mill(Transform(filter="CAST(name AS int) > 5", fields={"Id": "Id"}), pets("7", "old", "3"))
    assert done.rows == [{"Id": 0}]
    assert done.rejected[1].startswith("`filter`: Could not convert")


def test_a_row_that_the_filter_leaves_out_is_not_looked_at_further() -> None:
    done = mill(Transform(filter="name <> 'old'", fields={"Id": "Id", "a": "CAST(name AS int)"}), pets("7", "old"))
    assert done.rows == [{"Id": 0, "a": 7}]
    assert not done.rejected


def test_conditions_are_asked_from_left_to_right() -> None:
    names = ["", "7", "3"] * 3_000  # more than a few, for the engine learns as it goes
    done = mill(
        Transform(filter="name <> '' AND CAST(name AS int) > 5 AND Id < 9000", fields={"Id": "Id"}), pets(*names)
    )
    assert not done.rejected
    assert len(done.rows) == 3_000


def test_an_empty_key_rejects_the_row_it_was_made_of() -> None:
    done = mill(Transform(fields={"name": "name"}, key=("name",)), pets("rex", None))
    assert done.rows == [{"name": "rex"}]
    assert done.rejected == {1: "the key `name` is empty"}


def test_many_rows_that_fail_are_all_named_and_too_many_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making_module, "MOST_TOLD", 2)
    monkeypatch.setattr(making_module, "MOST_REJECTED", 5)
    fails = Transform(fields={"Id": "Id", "age": "CAST(name AS int)"})
    told = mill(fails, pets("a", "b", "c", "1")).rejected
    assert sorted(told) == [0, 1, 2]
    assert [reason for reason in told.values() if "look at what is said of other rows" in reason]
    with pytest.raises(DataError, match="more than 5 rows cannot be made"):
        mill(fails, pets(*"abcdef"))


def test_the_types_of_values_are_those_of_the_engine_and_columns_keep_theirs() -> None:
    model = DataModel("T", pa.schema({"id": pa.uint8(), "then": pa.timestamp("us", "UTC"), "f": pa.float32()}), ("id",))
    fields = {"id": "id", "then": "then", "f": "f", "day": 'CAST("then" AS date)', "more": "id + 1.5", "none": "NULL"}
    made = Transform(fields=fields).made(model).schema
    assert made.types[:3] == model.schema.types
    assert made.field("day").type == pa.date32()
    assert pa.types.is_decimal128(made.field("more").type)
    assert made.field("none").type == pa.string()


def test_names_are_found_exactly_first_and_in_other_letters_where_only_one_fits() -> None:
    model = DataModel("T", pa.schema({"Id": pa.int64(), "id": pa.string(), "Total": pa.int64()}), ("Id",))
    rows = pa.table({"Id": [1], "id": ["one"], "Total": [5]})
    done = mill(Transform(fields={"Id": "Id", "id": "id", "t": "TOTAL", "q": '"Total"'}), rows, model)
    assert done.rows == [{"Id": 1, "id": "one", "t": 5, "q": 5}]
    assert "`ID` may be `Id` or `id`" in refused(model, fields={"x": "ID"})


def test_a_column_alone_needs_no_quotes_whatever_its_name() -> None:
    model = DataModel("T", pa.schema({"order": pa.int64(), "unit price": pa.int64(), "a+b": pa.int64()}), ("order",))
    rows = pa.table({"order": [1], "unit price": [2], "a+b": [3]})
    fields = {"order": "order", "p": "unit price", "ab": "a+b", "more": '"order" + "unit price"', "one": "1"}
    assert mill(Transform(fields=fields), rows, model).rows == [{"order": 1, "p": 2, "ab": 3, "more": 3, "one": 1}]
    assert "stand in double quotes" in refused(model, fields={"order": "order", "x": "order + 1"})


def test_columns_may_have_the_names_that_we_use_at_rest() -> None:
    model = DataModel("T", pa.schema({"c1": pa.int64(), "c0": pa.string(), "_part": pa.string()}), ("c1",))
    rows = pa.table({"c1": [1], "c0": ["one"], "_part": ["mine"]})
    fields = {"c0": "c1", "c1": "c0 || _part", "_0": "list_transform([1], lambda c0: c0 + c1)[1]"}
    assert mill(Transform(fields=fields), rows, model).rows == [{"c0": 1, "c1": "onemine", "_0": 2}]


def test_lambdas_see_their_own_names_first() -> None:
    fields = {"Id": "Id", "x": "array_to_string(list_transform(['a'], lambda name: name || '-' || price), '')"}
    assert mill(Transform(fields=fields), pets("rex")).rows == [{"Id": 0, "x": "a-1.50"}]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("nme", ["no column `nme`", "did you mean `name`?", "columns: Id, name, price"]),
        ("rex", ["no column `rex`", "a text stands in single quotes"]),
        ("c0", ["no column `c0`"]),
        ("name.first", ["no column `name.first`"]),
        ("name.upper()", ["`name.upper` is not a function", "upper(name"]),
        ("shout(name)", ["shout does not exist"]),
        ("upper(Id, name)", ["No function matches", "upper(BIGINT, VARCHAR)"]),
        ("name +", ["`name +` is not an expression", "syntax error"]),
        ("", ["not an expression"]),
        ("name, Id", ["more than one expression"]),
        ("name FROM pets", ["more than one expression"]),
        ("name; SELECT 1", ["more than one expression"]),
        ("name WHERE true", ["more than one expression"]),
        ("DISTINCT name", ["more than one expression"]),
        ("name UNION SELECT 1", ["more than one expression"]),
        ("name) FROM (SELECT 'x' AS name", ["not an expression"]),
        ("name AS other", ["names its value"]),
        ("(SELECT 1)", ["a query within an expression"]),
        ("Id IN (SELECT 1)", ["a query within an expression"]),
        ("EXISTS (FROM duckdb_settings())", ["a query within an expression"]),
        ("*", ["`*` cannot stand here"]),
        ("COLUMNS('.*')", ["`*` cannot stand here"]),
        ("?", ["a parameter"]),
        ("$name", ["a parameter"]),
        ("#1", ["a column by its number"]),
        ("DEFAULT", ["DEFAULT cannot stand here"]),
        ("sum(Id)", ["`sum` looks at more than one row", "scope: model"]),
        ("count(*)", ["looks at more than one row"]),
        ("geomean(Id)", ["`geomean` looks at more than one row"]),
        ("row_number() OVER ()", ["a window function looks at more than one row"]),
        ("unnest([1, 2])", ["`unnest` makes several rows of one"]),
        ("generate_subscripts([1], 1)", ["makes several rows of one"]),
        ("read_text('x')", ["`read_text` makes several rows of one"]),
        ("random()", ["`random` gives another value each time"]),
        ("now()", ["`now` gives another value each time"]),
        ("today()", ["another value each time"]),
        ("uuid()", ["another value each time"]),
        ("nextval('x')", ["another value each time"]),
        ("current_date", ["`current_date` gives another value each time"]),
        ("CURRENT_TIMESTAMP", ["another value each time"]),
        ("ago(INTERVAL 1 day)", ["`ago` gives another value each time"]),
        ("age(CAST(name AS timestamp))", ["`age` gives another value each time"]),
        ("pg_sleep(1)", ["another value each time"]),
        ("current_setting('threads')", ["another value each time"]),
        ("get_block_size('x')", ["`get_block_size` is a query of its own"]),
        ("list_transform([1], lambda x: random())", ["`random` gives another value each time"]),
        ("Id::hugeint", ["values of type HUGEINT are not supported", "CAST("]),
        ("[Id]", ["values of type BIGINT[] are not supported"]),
        ("INTERVAL 1 day", ["INTERVAL", "not supported"]),
        ("x -> x + 1", ["no column `x`"]),
    ],
)
def test_what_cannot_be_an_expression_is_told_with_its_line(expression: str, said: list[str]) -> None:
    message = refused(fields={"Id": "Id", "made": expression}, lines={"fields.made": "shop.yaml:9"})
    assert message.startswith("shop.yaml:9: model PETS, `fields.made`: ")
    assert [words for words in said if words not in message] == [], message


def test_a_filter_must_be_a_condition() -> None:
    assert "`filter`: it gives BIGINT, not true or false" in refused(filter="Id + 1")
    assert "`filter`: `sum` looks at more than one row" in refused(filter="sum(Id) > 1")


def test_a_key_that_is_not_carried_must_be_said() -> None:
    message = refused(fields={"number": "Id + 1", "name": "name"})
    assert "the rows made have no column that is the key `Id` unchanged" in message
    assert "to: {key:" in message
    assert Transform(fields={"number": "Id + 1"}, key=("number",)).made(PETS).key == ("number",)
    assert "shop.yaml:4: model PETS, `to.key`: the key `no` is not a column" in refused(key=("no",))


def test_rows_may_be_made_of_all_rows_together() -> None:
    fields = {"name": "name", "pets": "count(*)", "worth": "CAST(sum(price) AS decimal(38, 2))"}
    done = mill(Transform(scope="model", filter="Id > 0", fields=fields, key=("name",)), pets("a", "a", "b", "a"))
    assert [(row["name"], row["pets"], str(row["worth"])) for row in done.rows] == [("a", 2, "3.00"), ("b", 1, "1.50")]
    assert set(done.parts) == {""}


def test_of_all_rows_together_everything_is_made_or_nothing() -> None:
    fields = {"name": "name", "oldest": "max(CAST(name AS int))"}
    with pytest.raises(DataError, match=r"Could not convert string 'x'.*made whole or not at all"):
        mill(Transform(scope="model", fields=fields, key=("name",)), pets("1", "x"))
    with pytest.raises(DataError, match="a key is empty"):
        mill(Transform(scope="model", fields={"name": "name", "n": "count(*)"}, key=("name",)), pets("1", None))


def test_no_rows_are_no_rows() -> None:
    done = mill(Transform(filter="Id > 0", fields={"Id": "Id", "age": "CAST(name AS int)"}), pets())
    assert (done.rows, done.rejected) == ([], {})


def test_what_is_not_declared_is_not_in_the_fingerprint_and_what_is_changes_it() -> None:
    assert Transform().fingerprint() == {}
    plain = Transform(fields={"a": "Id", "b": "name"})
    others = [
        Transform(fields={"b": "name", "a": "Id"}),
        Transform(fields={"a": "Id", "b": "name"}, filter="true"),
        Transform(fields={"a": "Id", "b": "name"}, version="2"),
        Transform(fields={"a": "Id", "b": "name"}, key=("b",)),
        Transform(fields={"a": "Id", "b": "name"}, scope="model"),
        Transform(fields={"a": "Id", "b": "upper(name)"}),
        Transform(columns=PETS.schema),
    ]
    prints = [str(one.fingerprint()) for one in [plain, *others]]
    assert len(set(prints)) == len(prints)
    assert (
        plain.fingerprint() == Transform(fields={"a": "Id", "b": "name"}, where="x:1", lines={"a": "b"}).fingerprint()
    )
