"""XML made by a template of one's own: escaped, streamed, checked, and unable to reach anything but the rows."""

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest

from syncline.errors import ConfigError, DataError
from syncline.export import Options, Template, write

SHOP = pa.table(
    {
        "id": [1, 2],
        "items": ["R&B <1>", None],
        "price": pa.array([Decimal("1.50"), Decimal(2)], pa.decimal128(8, 2)),
        "new": [True, False],
    }
)
FEED = """<?xml version="1.0" encoding="UTF-8"?>
<feed columns="{{ columns | join(' ') }}">
{% for row in rows %}
  <item id="{{ row.id }}" price='{{ row.price }}'{% if row.new %} new="{{ row.new }}"{% endif %}>{{ row.items }}</item>
{% else %}
  <nothing/>
{% endfor %}
</feed>
"""


def made(text: str, table: pa.Table = SHOP, **options: Any) -> str:
    file = io.BytesIO()
    write(table.to_batches(), table.schema, "xml", file, Options(template=Template("feed.xml", text), **options))
    return file.getvalue().decode()


def test_a_template_makes_the_file() -> None:
    assert made(FEED, decimal=",", booleans=("yes", "no"), null="-") == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed columns="id items price new">\n'
        '  <item id="1" price=\'1,50\' new="yes">R&amp;B &lt;1&gt;</item>\n'
        "  <item id=\"2\" price='2,00'>-</item>\n</feed>\n"
    )
    assert ET.fromstring(made(FEED, SHOP.slice(0, 0)))[0].tag == "nothing"


WRONG = [
    ("<a>\n{% for row in rows %}", "feed.xml:2: not a template: Unexpected end"),
    (
        "<a>\n{% for row in rows %}{{ row.nme }}{% endfor %}</a>",
        "feed.xml:2: the template fails: there is no column `nme`",
    ),
    ("<a>{{ rwos }}</a>", "feed.xml:1: the template fails: 'rwos' is undefined"),
    ("<a>{{ 1 // 0 }}</a>", "feed.xml:1: the template fails: "),
    ("<a>{% for row in rows %}<b>{% endfor %}</a>", "feed.xml: what the template makes is not XML: mismatched tag"),
    ("", "feed.xml: what the template makes is not XML: no element found"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_template_that_fails_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(text)
    assert str(caught.value).startswith(message)


REACHING = [
    "{{ ''.__class__.__mro__ }}", "{{ rows.gi_frame.f_globals }}", "{% include '/etc/passwd' %}",
    "{{ cycler.__init__.__globals__ }}", "{{ columns.append('x') }}", "{{ range(10 ** 9) | list }}",
]  # fmt: skip


@pytest.mark.parametrize("reach", REACHING)
def test_a_template_reaches_nothing_but_the_rows(reach: str) -> None:
    with pytest.raises(ConfigError, match="the template fails"):
        made(f"<a>{reach}</a>")


def test_a_character_that_xml_has_not_is_named() -> None:
    with pytest.raises(DataError, match=r"row 2, column `t`: .* has a character that XML has not"):
        made("<a>{% for row in rows %}{{ row.t }}{% endfor %}</a>", pa.table({"t": ["a", "\x00"]}))


def test_rows_are_written_as_they_come() -> None:
    file = io.BytesIO()
    sizes = []

    def rows() -> Iterator[pa.RecordBatch]:
        for _ in range(3):
            sizes.append(len(file.getvalue()))
            yield pa.record_batch({"t": ["x" * 100] * 2_000})

    template = Template("feed.xml", "<a>{% for row in rows %}{{ row.t }}{% endfor %}</a>")
    write(rows(), pa.schema({"t": pa.string()}), "xml", file, Options(template=template))
    assert sizes[0] < sizes[1] < sizes[2]
