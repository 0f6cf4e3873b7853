"""A run between two databases of PostgreSQL takes no more than it needs."""

import os
import subprocess
import sys
from pathlib import Path

from tests.contracts.postgresql import Server
from tests.contracts.postgresql_database import ask

CONNECTION = """\
connection: copy
source:      {{kind: sql, url: "{}"}}
destination: {{kind: sql, url: "{}"}}
models:
  ITEMS: {{from: items, cursor: updated_at}}
"""
ROWS = """
    CREATE TABLE items (id integer PRIMARY KEY, price numeric(9,2), updated_at timestamp);
    INSERT INTO items SELECT i, i / 100.0, '2026-01-01' FROM generate_series(1, 5) AS i;
"""
RUN = "import sys; from syncline.cli import main; main(sys.argv[1:]); print('pandas' in sys.modules)"


def test_a_run_that_meets_no_python_values_does_without_pandas(postgresql: Server, tmp_path: Path) -> None:
    source, destination = postgresql.new_database(), postgresql.new_database()
    ask(source, ROWS)
    (tmp_path / "connections").mkdir()
    (tmp_path / "connections/copy.yaml").write_text(CONNECTION.format(source, destination))
    changes = [
        "",
        "UPDATE items SET price = 7, updated_at = '2026-01-02' WHERE id = 3",
        "DELETE FROM items WHERE id = 4",
    ]
    for change, full in zip(changes, ([], [], ["--full"]), strict=True):
        if change:
            ask(source, change)
        settings = dict(os.environ) | {"SYNCLINE_WORKSPACE": str(tmp_path)}
        command = [sys.executable, "-c", RUN, "run", *full]
        said = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
        assert said.stdout.splitlines()[-1] == "False", said.stdout + said.stderr
    copied = "SELECT id, price FROM items ORDER BY id"
    assert ask(destination, copied) == ask(source, copied)
