"""The service: pages for people, an API for programs; one ASGI app, for any server.

    SYNCLINE_WORKSPACE=/srv/shop uvicorn syncline.web:app --factory

How to build on it:

A **route** lies in `api/` or `pages/`, one file a subject with a `router`, which the `__init__.py` beside it includes.
It says what its caller must be allowed to do by the type of an argument (`visit.py`); who may not gets 401 or 403
before it runs:

    @router.post("/{run}/cancel", operation_id="cancel_run", status_code=202)
    def cancel(run: str, visit: CanRun) -> dict[str, Any]: ...

`CanRead`, `CanRun`, `CanPush`, `CanAdmin` are a `Visit`: `visit.caller` says who asks (a `Caller`: tenant, role,
scopes, user or key). `visit.store` and `visit.people` are bound to the caller's company, and so is all that is reached
through them; `visit.connection(name)` and `visit.run(id)` give what is there or end in 404, and another company's
things are simply not there. Where an item names a company of its own: `visit.acting_for(company)`.
`visit.note("run started", id)` writes the audit log. `visit.site` has what holds for everybody: the workspace and the
`Starter`. Routes are plain functions, in a thread each: what waits for the database does not hold up the others.

What is wrong is **raised** (`problem.py`): `Problem(status, "what is wrong", hint=…)`, `not_found("run 7")`,
`invalid([At("too long", (3, "name")), …])`. Under `/api` it becomes problem+json, elsewhere a page. A `SynclineError`
becomes one too: `Busy` 409, `ConfigError` and `DataError` 422, `TransientError` 503. Lists are cut by `paging.py`.

A **page** is `return page(request, "syncs.html", runs=runs)` (`page.py`); templates extend `layout.html`. A request
with the header `X-Fragment: NAME` gets the block NAME of the template only, which is how `static/app.js` refreshes
`<div id="NAME" data-refresh="15">`; `data-soon="2"` within it says that something goes on, so it is refreshed sooner,
and `data-title` what the tab is called from then on. `<form data-filter="NAME">` shows what is chosen at once. Times
are written by the filter `moment`; `<span class="zone">` names the viewer's zone, and UTC in the `title` of
`class="at"` is said in it. Templates have the macros of `parts.html` as `parts`; `parts.sure` asks before something is
taken away. Each form holds `{{ csrf_field }}`, is sent once, and shows again what was typed where it does not fit.
Routes with a `Visit` check it by themselves; `fields: Fields` gives what was filled in.

A **run** is started by `visit.site.starter.start(connection, request, created_by=visit.caller.id)` (`starter.py`) and
cancelled, wherever it goes on, by `visit.store.cancel(run, visit.caller.id)`; `starter.page_of(run)` is where Prefect
shows it, or empty. Under Prefect the run is `scheduled` until a worker takes it.

A **published file** is served by `files.py`, which finds out itself who may have it. Where a file that a run names is
fetched says `link.published(workspace, connection, model, file)`, empty if nowhere; where a version or the latest is,
`link.link(workspace, connection, feed, version, time)`, signed if it is for who has a link.

Nothing here is imported before it is asked for: other commands start without a web framework.
"""

from __future__ import annotations

from typing import Any


def app() -> Any:
    """The ASGI app of the workspace in SYNCLINE_WORKSPACE, or around the current folder.

    Raises:
        ConfigError: there is none, or its settings are wrong.
    """
    from syncline.web.application import create  # noqa: PLC0415 - brings the web framework along
    from syncline.workspace import Workspace  # noqa: PLC0415

    return create(Workspace.open())
