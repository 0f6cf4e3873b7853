"""What people see."""

from __future__ import annotations

from fastapi import APIRouter

from syncline.web.pages import changes, connection, keys, login, oidc, overview, row, start, sync, syncs, users

router = APIRouter(include_in_schema=False)
for _part in (login, oidc, overview, connection, row, syncs, sync, changes, start, keys, users):
    router.include_router(_part.router)
