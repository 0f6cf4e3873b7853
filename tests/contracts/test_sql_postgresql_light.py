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
RUN = "import sys; from syncline.cli import main; main(sys.argv[1:]); print({'duckdb', 'pandas'} & set(sys.modules))"


def run(workspace: Path, *options: str) -> str:
    """Which of these were imported for a run."""
    settings = dict(os.environ) | {"SYNCLINE_WORKSPACE": str(workspace)}
    command = [sys.executable, "-c", RUN, "run", *options]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=True).stdout.splitlines()[-1]


def test_a_run_imports_what_it_needs_alone(postgresql: Server, tmp_path: Path) -> None:
    source, destination = postgresql.new_database(), postgresql.new_database()
    ask(source, ROWS)
    (tmp_path / "connections").mkdir()
    (tmp_path / "connections/copy.yaml").write_text(CONNECTION.format(source, destination))
    assert run(tmp_path) == "set()"
    ask(source, "UPDATE items SET price = 7, updated_at = '2026-01-02' WHERE id = 3")
    assert run(tmp_path) == "{'duckdb'}"
    assert run(tmp_path) == "set()"
    ask(source, "DELETE FROM items WHERE id = 4")
    assert run(tmp_path, "--full") == "{'duckdb'}"
    copied = "SELECT id, price FROM items ORDER BY id"
    assert ask(destination, copied) == ask(source, copied)
