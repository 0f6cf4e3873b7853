"""What the first visitor would wait for."""

from __future__ import annotations

import asyncio
import atexit
import gc
from concurrent.futures import ThreadPoolExecutor

import httpx
from starlette.applications import Starlette

from syncline.engine import opened
from syncline.search import Search
from syncline.web.page import templates
from syncline.web.site import Site


def warm(app: Starlette) -> None:
    """Do once what takes long the first time: read templates and connections, open store and engine, ask for a page.

    What is there by then stays: looking through it for waste, again and again, would hold up one request in thirty.

    Raises:
        ConfigError: the database cannot be reached.
    """
    made, site = templates(), app.state.site
    for name in made.list_templates():
        made.get_template(name)
    _open(site)
    with ThreadPoolExecutor(1) as beside:  # the caller may have an event loop of its own
        beside.submit(asyncio.run, _ask(app)).result()
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # the engine complains of what is not given back in the end


def _open(site: Site) -> None:
    place = site.workspace
    place.look_again()
    place.store.search(Search(limit=1))
    with opened(place.storage.root) as engine:
        engine.table("SELECT 1")


async def _ask(app: Starlette) -> None:
    """One request, for routes are made ready by the first."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        await client.get("/login")
