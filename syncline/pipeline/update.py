"""Updates: carry out changed settings with what is known of the source, without reading it (R5)."""

from __future__ import annotations

from syncline.connection import Connection, ModelSync
from syncline.errors import ConfigError
from syncline.pipeline.start import known_model
from syncline.pipeline.work import settings_fingerprint
from syncline.request import ModelRequest, Request
from syncline.run import Head, Store


def update_before(connection: Connection, request: Request, store: Store) -> Request | None:
    """The configuration update of the models asked for that were sent, or published, with other settings than today's.

    A run reads with new settings only once what was sent before is in step with them, so this goes before it. None: no
    settings have changed, or only what a person has approved is to happen.

    Raises:
        ConfigError: a model is unknown.
    """
    heads = store.heads(connection.name) if not request.approve else {}
    behind = [model for model in request.models(connection) if _lags(connection, model, heads.get(model.name))]
    asked = tuple(ModelRequest(model.name) for model in behind)
    return Request(data_models_to_sync=asked, update=True) if asked else None


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
