"""Update: carry out changed settings with what is known of the source, without reading it (R5)."""

from __future__ import annotations

from syncline.connection import Connection, ModelSync
from syncline.errors import ConfigError
from syncline.pipeline.session import Listener, unheard
from syncline.pipeline.start import known_model
from syncline.pipeline.steps import Steps
from syncline.pipeline.sync import sync
from syncline.pipeline.work import settings_fingerprint
from syncline.request import ModelRequest, Request
from syncline.run import Head, Run, Store
from syncline.storage import Storage


def lagging(connection: Connection, request: Request, store: Store) -> tuple[ModelSync, ...]:
    """Which of the models asked for were sent, or published, with other settings than today's.

    Raises:
        ConfigError: a model is unknown.
    """
    heads = store.heads(connection.name)
    return tuple(model for model in request.models(connection) if _lags(connection, model, heads.get(model.name)))


def _lags(connection: Connection, model: ModelSync, head: Head | None) -> bool:
    if head is None or head.is_new or not head.snapshot.files:
        return False
    try:
        moved = connection.destination is not None and head.destination != connection.destination.identity()
        if not moved and head.settings == settings_fingerprint(model):
            return False
        model.transform.made(known_model(model, head))
    except ConfigError:  # it wants other columns than are known, or is wrong: a run that reads tells (R24)
        return False
    return True


def update(
    connection: Connection,
    request: Request,
    store: Store,
    storage: Storage,
    *,
    steps: Steps | None = None,
    runner: str = "process",
    created_by: str | None = None,
    listen: Listener = unheard,
) -> Run | None:
    """A configuration update of the models asked for whose settings have changed; None: there are none.

    A run reads with new settings only once what was sent before is in step with them, so this goes before it.

    Raises:
        Busy: another run is active.
        LeaseLost: another run took over.
    """
    behind = lagging(connection, request, store)
    if not behind or request.approve:
        return None
    asked = update_of(behind)
    return sync(connection, asked, store, storage, steps=steps, runner=runner, created_by=created_by, listen=listen)


def update_of(models: tuple[ModelSync, ...]) -> Request:
    """The request that brings these models up to date."""
    return Request(data_models_to_sync=tuple(ModelRequest(model.name) for model in models), update=True)
