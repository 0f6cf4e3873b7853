"""What comes in by the API leads nowhere it may not."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.edge.web.made import FILES, PRICES, PUBLIC, SQL, WAREHOUSE, program_in
from tests.edge.web.program import Program

AMBIGUOUS = (
    "mysql://8.8.8.8#@127.0.0.1/shop",
    "postgresql://8.8.8.8#@127.0.0.1/shop",
    "mysql://8.8.8.8:1/y@127.0.0.1/shop",
    "mysql://8.8.8.8:1?charset=y@127.0.0.1/shop",
    "mysql://8.8.8.8\\@127.0.0.1/shop",
    "postgresql://a@127.0.0.1,b@8.8.8.8/shop",
    "postgresql://me@8.8.8.8\t,127.0.0.1/shop",
)
"""Addresses in which one library finds another host than the next."""
S3 = {"kind": "files", "folder": "s3://b", "key": {"secret": "k"}, "secret": {"secret": "w"}}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return program_in(tmp_path, WAREHOUSE)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"source": {"kind": "sql", "url": "sqlite:///../../etc/x.db"}}, "path"),
        ({"source": {"kind": "sql", "url": "sqlite+pysqlite:////etc/x.db"}}, "path"),
        ({"source": {"kind": "sql", "url": "file:///etc/x.db"}}, "path"),
        ({"source": {"kind": "sql", "url": {"secret": "sqlite:////etc/x.db"}}}, "path"),
        ({"source": {"kind": "sql", "url": "mssql+pyodbc:///?odbc_connect=DRIVER%3D/tmp/x.so"}}, "kind"),
        ({"source": {"kind": {"secret": "sql"}}}, "unknown source kind `{secret: …}`"),
        ({"source": {"kind": "sql", "url": "postgresql:///shop?host=/var/run"}}, "host"),
        ({"source": {"kind": "sql", "url": f"{PUBLIC}?sslkey=/etc/ssl/key"}}, "sslkey"),
        ({"source": {"kind": "sql", "url": f"{PUBLIC}?service=x"}}, "service"),
        ({"source": {"kind": "sql", "url": "postgresql://8.8.8.8/shop?host=10.0.0.1"}}, "host"),
        ({"source": {"kind": "sql", "url": "postgresql://8.8.8.8,127.0.0.1/shop"}}, "public"),
        ({"source": {"kind": "sql", "url": "postgresql://me@localhost/shop"}}, "public"),
        ({"source": {"kind": "sql", "url": "mysql://me@169.254.169.254/shop"}}, "public"),
        ({"source": {"kind": "sql", "url": "postgresql://me@[::ffff:10.0.0.1]/shop"}}, "public"),
        ({"source": {"kind": "sql", "url": "postgresql://me@[::127.0.0.1]/shop"}}, "public"),
        ({"source": {"kind": "sql", "url": "postgresql://me@[64:ff9b:1::7f00:1]/shop"}}, "public"),
        ({"source": {"kind": "sql", "url": "postgresql://me@2130706433/shop"}}, "public"),
        ({"source": {"kind": "sql", "url": "postgresql://me@0x7f.1/shop"}}, "public"),
        ({"source": {"kind": "sql", "url": "postgresql://me:word@8.8.8.8/shop"}}, "password"),
        ({"source": {"kind": "sql", "url": "postgresql://me@8.8.8.8/shop"}}, "password of its own"),
        ({"source": {"kind": "sql", "url": {"secret": "postgresql://me@8.8.8.8/shop"}}}, "password of its own"),
        ({"source": {"kind": "sql", "url": "postgresql://me:${env:WORD}@10.0.0.1,${env:WORD}/shop"}}, "public"),
        *(({"source": {"kind": "sql", "url": url}}, "in one way") for url in AMBIGUOUS),
        ({"source": {"kind": "sql", "url": {"secret": AMBIGUOUS[0]}}}, "in one way"),
        ({"source": S3 | {"endpoint": "http://127.0.0.1\\@8.8.8.8"}}, "in one way"),
        ({"source": S3 | {"endpoint": "http://\uff11\uff12\uff17.0.0.1"}}, "no host"),
        ({"source": {"kind": "sql", "url": "${env:HOME}"}}, "env:HOME"),
        ({"source": {"kind": "sql", "url": "${file:/etc/passwd}"}}, "file:/etc/passwd"),
        ({"source": {"kind": "sql", "url": {"secret": "${file:/etc/passwd}"}}}, "file:/etc/passwd"),
        ({"source": {"kind": "files", "folder": "/etc"}}, "path"),
        ({"source": {"kind": "files", "folder": 5}}, "path"),
        ({"source": {"kind": "files", "folder": True}}, "path"),
        ({"source": {"kind": "files", "folder": ["/etc"]}}, "path"),
        ({"source": {"kind": "sql", "url": 5}}, "kind"),
        ({"source": {"kind": "sql", "url": ["sqlite:////etc/x"]}}, "kind"),
        ({"models": {"PRICES": PRICES | {"publish": {"format": "csv", "to": 5}}}}, "path"),
        ({"models": {"PRICES": PRICES | {"publish": {"format": "csv", "to": {"url": 5}}}}}, "path"),
        ({"source": {"kind": "files", "folder": "s3://bucket/x"}}, "key"),
        ({"source": {"kind": "files", "folder": "s3://b", "key": "k", "secret": "word"}}, "secret"),
        ({"source": {"kind": "files", "folder": "s3://b", "region": "evil.example/#"}}, "no region"),
        ({"source": {"kind": "files", "folder": "s3://127.0.0.1:80#"}}, "no bucket"),
        (
            {"source": {"kind": "files", "folder": "s3://b", "key": "k", "endpoint": "http://127.0.0.1:9000"}},
            "public",
        ),
        ({"sources": {"a": {"kind": "files", "folder": ".."}}, "source": None}, "path"),
        ({"models": {"PRICES": PRICES | {"transform": "os:system"}}}, "function"),
        ({"models": {"PRICES": PRICES | {"transform": {"function": "os:system"}}}}, "function"),
        ({"models": {"PRICES": PRICES | {"publish": {"format": "csv", "to": "/var/www"}}}}, "path"),
        ({"models": {"PRICES": PRICES | {"publish": [{"format": "csv", "to": {"url": "../x"}}]}}}, "path"),
        ({"models": {"publish": PRICES | {"publish": {"format": "csv", "to": "/var/www"}}}}, "path"),
        ({"models": {"PRICES": PRICES | {"publish": {"format": "csv", "template": "/etc/passwd"}}}}, "path"),
        ({"defaults": {"publish": {"format": "csv", "to": "/var/www"}}}, "path"),
        ({"destination": {"kind": "sql", "url": "sqlite:///x.db"}}, "path"),
        ({"destination": "elsewhere"}, "elsewhere"),
        ({"models": {"PRICES": {"key": "id"}}}, "from"),
        ({"models": {"../x": PRICES}}, "name"),
        ({"models": {"PRICES": PRICES | {"nonsense": 1}}}, "nonsense"),
        ({"models": {"PRICES": PRICES | {"filter": "a\0"}}}, "U+0000"),
        ({"models": {"PRICES": json.loads('{"a":' * 40 + "1" + "}" * 40)}}, "deeper"),
        ({"connection": "../../x"}, "does not fit"),
        ({"connection": "a/b"}, "does not fit"),
        ({"connection": None}, "name"),
        ({"models": {}}, "does not fit"),
    ],
)
def test_what_comes_in_leads_nowhere_it_may_not(program: Program, change: dict[str, Any], says: str) -> None:
    given = {name: value for name, value in (FILES | change).items() if value is not None}
    before = sorted(path for path in program.workspace.folder.rglob("*") if ".syncline" not in path.parts)
    answer = program.post("/connections", given)
    assert answer.status_code == 422, answer.text
    assert says in answer.text
    assert "connections/" not in answer.text
    assert ".syncline" not in answer.text
    assert sorted(path for path in program.workspace.folder.rglob("*") if ".syncline" not in path.parts) == before
    assert not list(program.workspace.own.glob("secrets/*/*"))


def test_what_the_workspace_allows_by_name_may_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_WORD", "hunter2")
    (tmp_path / "prices.py").write_text("def dear(rows):\n    return rows\n")
    api = "api: {env: SHOP_WORD, paths: true, functions: ['prices:dear']}\n"
    program = program_in(tmp_path, WAREHOUSE + api)
    model = PRICES | {"transform": "prices:dear", "to": {"columns": PRICES["columns"]}}
    for name, source in (("one", SQL), ("two", {"kind": "files", "folder": "example"})):
        answer = program.post("/connections", FILES | {"connection": name, "source": source, "models": {name: model}})
        assert answer.status_code == 201, answer.text
    assert "hunter2" not in program.get("/connections/one/settings").text
