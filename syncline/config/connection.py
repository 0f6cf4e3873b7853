"""A connection as its file declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from syncline.config import defaults, end, feature, shape, source
from syncline.config.feature import Features
from syncline.config.file import load
from syncline.config.key import Key, Keys, itself, nodes, shapes
from syncline.config.mistakes import Mistakes
from syncline.config.model import SHAPE as MODEL_SHAPE
from syncline.config.model import model, scoped
from syncline.config.name import name, named
from syncline.config.node import Node
from syncline.config.scope import chain
from syncline.config.settings import Settings
from syncline.connection import Connection, Intake, ModelSync

CONNECTION: Keys = {
    "connection": Key(name, shape.name("Its name; left out: that of the file.")),
    "source": Key(itself, end.SOURCE),
    "sources": source.SOURCES,
    "destination": Key(itself, end.DESTINATION),
    "features": feature.KEY,
    "defaults": defaults.KEY,
    "models": Key(itself, shape.named("What is synced, by name.", MODEL_SHAPE, least=1)),
}
SHAPE = shape.mapping("Sources, a destination and the models between them.", shapes(CONNECTION), ["models"])


@dataclass(frozen=True, slots=True)
class Declared:
    """A connection as it stands in the files, each setting over those of farther scopes.

    Args:
        root: its own file.
        found: what its file says, or a farther scope for it.
        sources: by name; the only one has none.
        models: each over what all of its scopes say.
    """

    root: Node
    found: Mapping[str, Node]
    sources: Mapping[str, Node]
    models: Mapping[str, Node]


def declared(path: Path, workspace: Path, settings: Settings, mistakes: Mistakes) -> Declared:
    """What the files say of a connection; of its scopes, those that can be understood.

    Raises:
        ConfigError: its file is not one, or has keys that are unknown or missing.
    """
    shown = path.relative_to(workspace).as_posix() if path.is_relative_to(workspace) else str(path)
    root = load(path, shown, "connection")
    own, far = nodes(root, CONNECTION), settings.defaults
    sources = source.declared(own, root)
    if "models" not in own:
        root.wrong("`models` is missing", "add `models: …`")
    with mistakes.noted():
        if "destination" in own:
            own["destination"] = end.found(own["destination"], settings.destinations)
            far = chain(end.scope(own["destination"]), far)
    with mistakes.noted():
        if "defaults" in own:
            far = chain(defaults.KEY.read(own["defaults"]), far)
    models = {called: scoped(node, far) for called, node in own["models"].mapping().items()}
    return Declared(root, nodes(chain(root, far) or root, CONNECTION) | own, sources, models)


def load_connection(path: Path, workspace: Path, settings: Settings | None = None) -> Connection:
    """The connection that a YAML file declares; its name is the file's where `connection:` is left out.

    Relative paths start at the folder `workspace`; `settings` are those of `syncline.yaml`.

    Raises:
        ConfigError: something in it is wrong; says where, and what would be right, of all that can be told at once.
    """
    mistakes = Mistakes()
    at = declared(path, workspace, settings or Settings(), mistakes)
    own = at.found
    called = mistakes.of(lambda: name(own["connection"]) if "connection" in own else named(at.root, path.stem))
    sources, reading = source.sources(at.sources, workspace, mistakes), source.Reading(tuple(at.sources))
    destination = mistakes.of(lambda: end.destination(own["destination"], workspace) if "destination" in own else None)
    allowed = mistakes.of(lambda: feature.features(own["features"]) if "features" in own else None) or Features()
    with mistakes.noted():
        if not at.models:
            own["models"].wrong("there are no models", "add `NAME: {from: table}`")
    models = _models(at, allowed, reading, workspace, mistakes)
    mistakes.tell()
    assert called is not None
    read, given = reading.made(sources), settings or Settings()
    intake = Intake(workspace, given.allow_private_urls, given.largest_file)
    return Connection(called, read, destination, models, allowed.modes, at.root.where, allowed.downloads, intake)


def _models(
    at: Declared, allowed: Features, reading: source.Reading, folder: Path, mistakes: Mistakes
) -> tuple[ModelSync, ...]:
    goes_somewhere = "destination" in at.found
    made = [
        mistakes.of(
            lambda: model(called, node, allowed.modes, reading, goes_somewhere=goes_somewhere, folder=folder)  # noqa: B023 - called at once
        )
        for called, node in at.models.items()
    ]
    return tuple(one for one in made if one is not None)
