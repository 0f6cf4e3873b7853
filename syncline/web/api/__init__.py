"""What programs may ask; all of it under `/api/v1`."""

from __future__ import annotations

from fastapi import APIRouter

from syncline.web.api import connections, push, runs
from syncline.web.visit import SCHEMES

router = APIRouter(prefix="/api/v1", dependencies=SCHEMES)
for _part in (connections, runs, push):
    router.include_router(_part.router)
