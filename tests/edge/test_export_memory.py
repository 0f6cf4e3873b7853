"""A file of any length is written within the same memory."""

import json
import subprocess
import sys

import pytest

WRITING = """
import json, sys
import pyarrow as pa
from syncline.export import Options, Template, write

form, count = sys.argv[1], int(sys.argv[2])
batch = pa.record_batch({"id": range(50_000), "name": ["Zoë Ünal " * 5] * 50_000, "price": [1.5] * 50_000})
seen = []

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) >> 10

def rows():
    for number in range(count):
        yield batch
        if number in {1, count - 1}:
            seen.append(peak())

options = Options()
if form == "template":
    form, text = "xml", "<a>{% for row in rows %}<b>{{ row.name }}</b>{% endfor %}</a>"
    options = Options(template=Template("t", text))
with open(sys.argv[3], "wb") as file:
    write(rows(), batch.schema, form, file, options)
print(json.dumps([*seen, peak()]))
"""
MEBIBYTES = 40


@pytest.mark.skipif(sys.platform != "linux", reason="what a process used at most is read from /proc")
@pytest.mark.parametrize(
    ("form", "batches"),
    [("csv", 20), ("json", 20), ("jsonl", 20), ("xml", 20), ("parquet", 20), ("template", 6), ("xlsx", 4)],
)
def test_a_million_rows_take_no_more_memory_than_a_hundred_thousand(form: str, batches: int, tmp_path: object) -> None:
    line = [sys.executable, "-c", WRITING, form, str(batches), f"{tmp_path}/file"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    early, late, end = json.loads(done.stdout)
    assert max(late, end) - early < MEBIBYTES, f"{early} MiB, then {late}, at the end {end}"
