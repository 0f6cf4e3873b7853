"""From YAML to connections: what is said of what is wrong."""

import pytest

from syncline.model import SyncMode
from tests.domain.shelf import Load, complaint, with_model, with_source


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            "{from: book, curser: x}",
            ["shop.yaml:4", "unknown key `curser`", "did you mean `cursor`?", "known are from"],
        ),
        ("{from: book, from: b}", ["shop.yaml:4", "`from` stands twice", "line 4"]),
        ("{key: id}", ["shop.yaml:4", "`from` is missing"]),
        ("{from: }", ["`from` is missing"]),
        ("book", ["shop.yaml:4", "`models.BOOKS` is `book`", "key: value"]),
        ("{from: [a, a]}", ["shop.yaml:4", "two parts are called `a`"]),
        ("{from: a, overlap: 5 weeks}", ["`models.BOOKS.overlap` is `5 weeks`", "30s, 15m, 2h or 1d"]),
        ("{from: a, columns: {id: integr}}", ["column `id`", "unknown type `integr`", "int64"]),
        ("{from: a, schedule: {}}", ["either `every` or `cron`"]),
        ("{from: a, schedule: {every: 1h, cron: '* * * * *'}}", ["either `every` or `cron`"]),
        ("{from: a, schedule: {every: 0s}}", ["longer than nothing"]),
        ("{from: a, schedule: {cron: '* * *'}}", ["five fields"]),
        ("{from: a, schedule: {every: 1h, timezone: Mars/Base}}", ["Mars/Base", "a time zone such as"]),
        ("{from: a, schedule: {every: 1h, mode: from_date}}", ["cannot be `from_date`", "incremental, full"]),
        ("{from: a, on_delete: drop}", ["cannot be `drop`", "delete, soft, ignore"]),
        ("{from: a, publish: {format: xls}}", ["cannot be `xls`", "csv, tsv, json, jsonl, parquet, xlsx, xml"]),
        ("{from: a, publish: [{format: csv}, {format: csv}]}", ["a format stands twice"]),
        ("{from: a, priority: high}", ["`high`", "a whole number"]),
        ("{from: a, limits: {deleted: 30}}", ["`30`", "from 0 to 1"]),
        ("{from: a, limits: {deleted: nan}}", ["from 0 to 1"]),
        ("{from: a, to: {tabel: x}}", ["unknown key `tabel`", "did you mean `table`?"]),
        ("{from: a, to: {shared: perhaps}}", ["`perhaps`", "true or false"]),
        ("{from: a, deleted_when: gone}", ["shop.yaml:4", "`deleted_when` is not there yet"]),
        ("{from: a, fields: {id: }}", ["shop.yaml:4", "`models.BOOKS.fields.id` is empty", "a text"]),
        ("{from: a, fields: []}", ["`fields` has no columns"]),
        ("{from: a, fields: [id, id]}", ["`id` stands twice"]),
        ("{from: a, transform: shop.clean}", ["`shop.clean`", "module:function"]),
        ("{from: a, transform: {function: 'a b:c'}}", ["`a b:c`", "module:function"]),
        ("{from: a, transform: {scope: rows}}", ["cannot be `rows`", "row, model"]),
        ("{from: a, transform: {fnction: 'm:f'}}", ["did you mean `function`?"]),
        ("{from: a, to: {columns: {id: int}}}", ["`to.columns` is for what a function gives"]),
        ("{from: a, transform: 'm:f', to: {columns: {id: integr}}}", ["column `id`", "unknown type `integr`"]),
    ],
)
def test_a_wrong_model_is_told_with_file_line_and_what_would_be_right(load: Load, model: str, said: list[str]) -> None:
    message = complaint(load, with_model(model))
    assert [words for words in said if words not in message] == [], message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["shop.yaml", "the file is empty"]),
        ("# nothing\n", ["the file is empty"]),
        ("- a\n- b\n", ["shop.yaml:1", "the file is a list", "key: value"]),
        ("source: {kind: shelf}\n", ["`models` is missing"]),
        ("source: {kind: shelf}\nmodels: {}\n", ["shop.yaml:2", "there are no models"]),
        ("source:\n\tkind: shelf\n", ["shop.yaml:2", "not YAML", "spaces, not tabs"]),
        ("source: {kind: shelf\nmodels: [\n", ["shop.yaml:", "not YAML"]),
        ("a: 1\n---\nb: 2\n", ["shop.yaml:", "not YAML"]),
        (b"source: {kind: shelf}\n# caf\xe9\n", ["shop.yaml:2", "not UTF-8"]),
        ("source: {}\nmodels: {A: {from: a, publish: {format: csv}}}\n", ["shop.yaml:1", "`kind` is missing"]),
        ("source: {kind: shelv}\nmodels: {A: {from: a, publish: {format: csv}}}\n", ["shop.yaml:1", "shelv", "shelf"]),
        ("sources: {}\n", ["shop.yaml:1", "there are no sources"]),
        ("source: {kind: shelf}\nmodels: {A: {from: a}}\n", ["model A goes nowhere", "destination"]),
        ("connection: a/b\n" + with_model("{from: a}"), ["shop.yaml:1", "`a/b` cannot be a name"]),
        ("source: {kind: shelf}\nmodels: {../x: {from: a}}\n", ["`../x` cannot be a name"]),
        *(
            (f"source: {{kind: shelf}}\nmodels: {{{long}: {{from: a}}}}\n", ["cannot be a name, for it is too long"])
            for long in ("x" * 151, "\u00e9" * 26, "a." * 40)
        ),
        ("features: [from_date]\n" + with_model("{from: a}"), ["neither incremental nor full"]),
        ("features: [increment]\n" + with_model("{from: a}"), ["did you mean `incremental`?"]),
        ("a: &a [*a]\n", ["shop.yaml:1", "contains itself"]),
        ("[a]: b\n", ["shop.yaml:1", "a key is a text"]),
    ],
)
def test_a_wrong_file_is_told_with_its_line(load: Load, text: str | bytes, said: list[str]) -> None:
    message = complaint(load, text)
    assert [words for words in said if words not in message] == [], message


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("prot: 1", ["unknown key `prot` in `source`", "did you mean `port`?"]),
        ("port: one", ["`source.port` is `one`", "a whole number"]),
        ("ratio: x", ["a number"]),
        ("strict: maybe", ["true or false"]),
        ("style: odd", ["cannot be `odd`", "new, old"]),
        ("url: {a: b}", ["`source.url` is a mapping", "a text"]),
        ('url: "${env:NOT_THERE}"', ["the variable NOT_THERE is not set", "export NOT_THERE"]),
        ("port: 13", ["port 13 brings bad luck"]),
        ('token: "${file:a\\0b}"', ["cannot be read: embedded null byte"]),
        ('token: "${file:/bin/sh}"', ["the file /bin/sh is not UTF-8 text"]),
        ('token: "${file:nowhere}"', ["the file nowhere cannot be read: No such file"]),
    ],
)
def test_a_wrong_setting_of_a_connector_is_told_with_its_line(load: Load, settings: str, said: list[str]) -> None:
    message = complaint(load, "\n" + with_source(settings))
    assert "shop.yaml:2" in message
    assert [words for words in said if words not in message] == [], message


def test_a_missing_setting_of_a_connector_is_named(load: Load) -> None:
    message = complaint(load, "source: {kind: shelf}\ndestination: {kind: shelf}\nmodels: {A: {from: a}}\n")
    assert "shop.yaml:2" in message
    assert "`path` is missing" in message


def test_a_schedule_follows_the_features(load: Load) -> None:
    only_full = "features: [full]\n" + with_model("{from: a, schedule: {every: 1h}}")
    assert load(only_full).models[0].schedule.mode is SyncMode.FULL
    said = complaint(load, "features: [full]\n" + with_model("{from: a, schedule: {every: 1h, mode: incremental}}"))
    assert "does not allow incremental" in said
