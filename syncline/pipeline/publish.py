"""Publish: files made from what was sent (R27)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import quote

import pyarrow as pa

from syncline import snapshot
from syncline.engine import opened
from syncline.errors import SynclineError, Withheld
from syncline.pipeline.release import Release, changes, let_go
from syncline.pipeline.work import Work
from syncline.publication.feed import Feed, feeds
from syncline.run import Head


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a model's publications: the files of this plan, and why others were not published."""

    files: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()


def publish(work: Work, head: Head, *, force: bool = False) -> Published:
    """Write each export file of the model, and move its `latest`; with `force`, whatever the checks say.

    Safe to repeat: a version that is there is kept, and `latest` only moves forward. One that cannot be written does
    not keep the others from being published.
    """
    if not is_due(work, head):
        return Published()
    release = Release(head.sent, work.made)
    if any(made.delta for made in work.sync.publish):
        release.save(work.storage, work.home, plan_of(work, head))
    files, withheld, errors = [], [], []
    for made in _feeds(work):
        try:
            files.append(_publish(work, head, made, force=force))
        except Withheld as error:
            withheld.append(str(error))
        except SynclineError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    let_go(work.storage, work.home, {plan for made in _feeds(work) if made.publication.delta for plan in made.plans()})
    return Published(tuple(files), tuple(withheld))


def is_due(work: Work, head: Head) -> bool:
    """The publications lag behind what was committed."""
    return bool(work.sync.publish) and not head.is_new and head.published != plan_of(work, head)


def plan_of(work: Work, head: Head) -> str:
    """The plan that names a version; before the first there is what a source without rows leads to."""
    return head.plan or f"{0:012d}-{quote(work.sync.name, safe='')}"


def _feeds(work: Work) -> Iterator[Feed]:
    return feeds(work.sync.publish, work.storage, work.tenant, work.connection.name, work.sync.name)


def _publish(work: Work, head: Head, made: Feed, *, force: bool) -> str:
    """Publish one file; where it lies, by its name in the storage if it lies there."""
    with ExitStack() as stack:

        def rows() -> Iterator[pa.RecordBatch]:
            engine = stack.enter_context(opened(work.storage.root))
            return snapshot.rows(engine, head.sent, work.made, work.storage.path)

        changed = changes(work.storage, work.home, stack)
        version = made.publish(rows, work.made.schema, plan_of(work, head), changed, force=force)
    made.prune()
    address = made.place.address(made.file(version))
    return address.removeprefix(f"{work.storage.root}/")
