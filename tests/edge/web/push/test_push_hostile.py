"""Ten thousand requests, most of them hostile: never a fault of ours, and nothing inconsistent."""

import asyncio
from random import Random
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from syncline import Read
from syncline.conform import conform
from syncline.people import Scope
from syncline.workspace import Workspace
from tests.edge.web.push.hostile import VALUES, Hostile
from tests.edge.web.push.steel import PIECES
from tests.edge.web.workspace import key

EXAMPLES, REQUESTS, AT_ONCE = 20, 250, 10  # with the memory in two databases


@pytest.mark.timeout(300)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(values=st.lists(VALUES, min_size=20, max_size=20), seed=st.integers(0, 2**32))
def test_whatever_is_sent_there_is_no_fault_and_nothing_is_inconsistent(
    app: FastAPI, workspace: Workspace, values: list[Any], seed: int
) -> None:
    asyncio.run(_sent(app, workspace, Hostile(values, Random(seed))))


async def _sent(app: FastAPI, workspace: Workspace, hostile: Hostile) -> None:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers, before = key(workspace, Scope.SYNC_WRITE), _standing(workspace)
    more = 0
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
        for _ in range(REQUESTS // AT_ONCE):
            more += sum(await asyncio.gather(*(_counted(client, *hostile.request()) for _ in range(AT_ONCE))))
    rows = _standing(workspace)
    assert len(rows) - len(before) == more
    numbers = workspace.pushed().changes("pieces", after=0, until=1 << 60, limit=10_000)
    assert len({number for number, *_ in numbers}) == len(numbers)
    assert {name: text for _, name, text in numbers if text is not None} == rows
    _assert_readable(workspace, len(rows))


async def _counted(client: httpx.AsyncClient, method: str, body: bytes, headers: dict[str, str]) -> int:
    """How many more rows there are after a request, as its answer has it."""
    answer = await client.request(method, PIECES, content=body, headers=headers)
    assert answer.status_code in {200, 400, 403, 413, 422}, (method, body, headers, answer.text)
    told = answer.json()
    if answer.status_code != 200:
        assert told["detail"], (method, body, headers)
    is_new = answer.status_code == 200 and "idempotency-replayed" not in answer.headers
    return told.get("inserted", 0) - told.get("deleted", 0) if is_new else 0


def _standing(workspace: Workspace) -> dict[str, str]:
    return dict(workspace.pushed().rows("pieces", after="", limit=10_000))


def _assert_readable(workspace: Workspace, count: int) -> None:
    """Whatever was taken in fits its model."""
    source, model = workspace.connection("plant").source, workspace.settings.push["pieces"].model
    read = [batch.rows for batch in source.read(Read(model, origin="pieces")) if batch.rows is not None]
    fitted = [conform(rows, model) for rows in read]
    assert not [one.rejected for one in fitted if one.rejected]
    assert sum(len(one.rows) for one in fitted) == count
