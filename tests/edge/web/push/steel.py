"""The example workspace to which rows are pushed, and programs that push them."""

import json
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from httpx import Response
from starlette.testclient import TestClient

from syncline.people import Role, Scope
from syncline.workspace import Workspace
from tests.edge.web.workspace import key

EXAMPLE = Path(__file__).parents[4] / "examples" / "steel"
PIECES = "/api/v1/sync/pieces"


def steel_in(folder: Path) -> Workspace:
    """A copy of the example."""
    for part in ("syncline.yaml", "connections"):
        source = EXAMPLE / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
    return Workspace.open(folder)


def guid(number: int) -> str:
    return str(UUID(int=number))


def piece(number: int | None = None, **fields: Any) -> dict[str, Any]:
    named = {} if number is None else {"guid": guid(number)}
    return {**named, "mark": "P1", "profile": "IPE 300", **fields}


class Program:
    """Pushes as somebody with a key."""

    def __init__(
        self, app: FastAPI, workspace: Workspace, tenant: str | None = None, role: Role = Role.INTEGRATION
    ) -> None:
        headers = key(workspace, Scope.SYNC_WRITE, tenant=tenant, role=role)
        self.client = TestClient(app, "http://127.0.0.1", raise_server_exceptions=False, headers=headers)

    def push(self, *items: Any, path: str = PIECES, **headers: str) -> Response:
        return self.client.post(path, json=list(items), headers=_named(headers))

    def send(self, body: bytes, **headers: str) -> Response:
        return self.client.post(PIECES, content=body, headers=_named(headers))

    def delete(self, *guids: Any, **headers: str) -> Response:
        return self.client.request("DELETE", PIECES, json=list(guids), headers=_named(headers))


def held(workspace: Workspace, tenant: str | None = None, model: str = "pieces") -> dict[str, Any]:
    rows = workspace.pushed(tenant).rows(model, after="", limit=10_000)
    return {name: json.loads(text) for name, text in rows}


def errors(answer: Any) -> list[tuple[int | None, str | None]]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [(error.get("item"), error.get("field")) for error in answer.json()["errors"]]


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
