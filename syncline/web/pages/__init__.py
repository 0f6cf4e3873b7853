"""What people see."""

from __future__ import annotations

from fastapi import APIRouter

from syncline.web.pages import changes, login, overview, start, sync, syncs, vouched

router = APIRouter(include_in_schema=False)
for _part in (login, vouched, overview, syncs, sync, changes, start):
    router.include_router(_part.router)
