"""Publish: files made from what was sent (R27)."""

from __future__ import annotations

from urllib.parse import quote

from syncline import publication, snapshot
from syncline.engine import opened
from syncline.pipeline.work import Work
from syncline.run import Head


def publish(work: Work, head: Head) -> tuple[str, ...]:
    """Write each export file of the model, and move its `latest`; the names in the storage of what was written.

    Safe to repeat: a version that is there is kept, and `latest` only moves forward.
    """
    if not is_due(work, head):
        return ()
    name = "/".join(["files", *(quote(part, safe="") for part in (work.tenant, work.connection.name, work.model.name))])
    folder = work.storage.folder(name)
    written = []
    for made in work.sync.publish:
        with opened(work.storage.root) as engine:
            rows = snapshot.rows(engine, head.sent, work.model, work.storage.path)
            path = publication.publish(rows, work.model.schema, made, folder, head.plan)
        publication.prune(folder)
        written.append(f"{name}/{path.relative_to(folder).as_posix()}")
    return tuple(written)


def is_due(work: Work, head: Head) -> bool:
    """The publications lag behind what was committed."""
    return bool(work.sync.publish and head.plan and head.published != head.plan)
