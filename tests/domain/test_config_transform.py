"""What a model's file may say about its rows on their way."""

import pyarrow as pa

from tests.domain.shelf import Load, with_model


def test_a_transform_is_read_whole(load: Load) -> None:
    sync = load(
        with_model("""
    from: a
    filter: total > 0
    fields:
      number: Id
      name: "upper(name) || '!'"
      twice: >-
        total
        * 2
    transform: {function: "shop.sales:clean", scope: model, version: 2}
    to: {table: t, key: number, columns: {Id: int64, name: text}}
""")
    )["BOOKS"]
    made = sync.transform
    assert made.filter == "total > 0"
    assert list(made.fields.items()) == [("number", "Id"), ("name", "upper(name) || '!'"), ("twice", "total * 2")]
    assert (made.function, made.scope, made.version) == ("shop.sales:clean", "model", "2")
    assert made.key == ("number",)
    assert made.columns == pa.schema({"Id": pa.int64(), "name": pa.string()})
    assert made.folder is not None
    assert made.lines["fields.name"].endswith("shop.yaml:9")
    assert sync.target.table == "t"


def test_plain_names_are_taken_as_they_are_written(load: Load) -> None:
    made = load(with_model('{from: a, fields: [id, "unit price", \'say "hi"\']}'))["BOOKS"].transform
    assert dict(made.fields) == {"id": '"id"', "unit price": '"unit price"', 'say "hi"': '"say ""hi"""'}


def test_a_function_may_stand_alone(load: Load) -> None:
    made = load(with_model("{from: a, transform: 'shop:clean'}"))["BOOKS"].transform
    assert (made.function, made.scope, made.is_identity) == ("shop:clean", "row", False)


def test_without_any_of_it_rows_go_through_as_they_are(load: Load) -> None:
    assert load(with_model("{from: a}"))["BOOKS"].transform.is_identity
