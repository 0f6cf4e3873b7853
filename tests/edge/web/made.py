"""Connections as programs make them."""

from pathlib import Path
from typing import Any

from syncline.web.application import create
from syncline.web.starter import ThreadStarter
from tests.edge.web.program import Program
from tests.edge.web.workspace import workspace_in

PRICES = {"from": "prices", "key": "id", "columns": {"id": "int64", "price": "int64"}}
FILES: dict[str, Any] = {
    "connection": "shop",
    "source": {"kind": "files"},
    "destination": "warehouse",
    "features": ["incremental", "full"],
    "models": {"PRICES": PRICES},
}
WAREHOUSE = 'destinations: {warehouse: {kind: sql, url: "sqlite:///out.db"}}\n'
PUBLIC = "postgresql://me:${env:SHOP_WORD}@8.8.8.8/shop"
SQL = {"kind": "sql", "url": PUBLIC}


def program_in(folder: Path, settings: str) -> Program:
    workspace = workspace_in(folder, settings)
    return Program(create(workspace, starter=ThreadStarter(workspace)), workspace)
