"""What programs may ask; all of it under `/api/v1`."""

from __future__ import annotations

from fastapi import APIRouter

from syncline.web.api import connections, runs
from syncline.web.visit import SCHEMES

router = APIRouter(prefix="/api/v1", dependencies=SCHEMES)
for _part in (connections, runs):
    router.include_router(_part.router)
