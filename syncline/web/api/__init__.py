"""What programs may ask; all of it under `/api/v1`."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from syncline.web.api import changes, connections, entries, files, push, rows, runs, starting
from syncline.web.api.body import PROBLEMS
from syncline.web.api.parameter import only_known
from syncline.web.visit import SCHEMES

router = APIRouter(prefix="/api/v1", dependencies=[*SCHEMES, Depends(only_known)], responses=PROBLEMS)
for _part in (connections, starting, runs, changes, entries, rows, files, push):
    router.include_router(_part.router)
