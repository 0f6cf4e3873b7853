"""Extract: rows from the source into the run's folder, each fitted to the model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from syncline import owed
from syncline.changes import RowFile, columns, keys_alone, marked
from syncline.conform import conform
from syncline.errors import DataError
from syncline.model import JSON, Batch, Cursor, Read, Rejection, SyncMode, as_table
from syncline.pipeline import known
from syncline.pipeline.limit import refuse_too_many_rejections
from syncline.pipeline.work import Extraction, Work
from syncline.pipeline.writer import Writer, writing

_POSITION = "position.json"


def extract(work: Work) -> Extraction:
    """Read the source into files. Safe to repeat: it goes on from the last known position, or starts anew.

    Raises:
        TransientError: the source broke off; what it gave so far counts only if it can go on from there.
        DataError: too many rows do not fit the model (R11).
    """
    if work.request.update:
        return Extraction()
    if work.approved:
        return _approved(work)
    so_far = _Progress.load(work)
    file = f"extract-{so_far.attempts}.parquet"
    with writing(work, file) as writer, known.told_apart(work, is_resumed=bool(so_far.position)) as same:
        reading = _Reading(work, so_far, same)
        try:
            for batch in work.connection.source.read(_request(work, so_far)):
                reading.take(batch, writer)
        except Exception:
            reading.keep_position(work, writer.close(), file)
            raise
        return reading.ended(work, writer.close(), file)


def _request(work: Work, so_far: _Progress) -> Read:
    head, sync = work.head, work.sync
    again = owed.of_kind(owed.owed_rows(work.storage, work.model, head), owed.REJECTED) if head.owed else None
    return Read(
        model=work.model,
        mode=work.mode,
        origin=sync.origin,
        cursor_field=sync.cursor,
        since=dict(head.cursors) if work.mode is SyncMode.INCREMENTAL else {},
        from_date=work.request.sync_from(sync.name),
        overlap=sync.overlap,
        again=None if again is None else owed.with_key(again, work.model).select(list(work.model.key)),
        position=so_far.position,
    )


def _approved(work: Work) -> Extraction:
    """In place of a read: the keys absent from an unproven read that a person has approved as gone (R26)."""
    rows = owed.owed_rows(work.storage, work.model, work.head)
    shown = work.storage.path(f"{work.home}/{work.approved}/owed.parquet")
    absent = owed.of_kind(rows, owed.ABSENT)
    gone = absent.join(
        owed.read(shown, work.model).select(list(work.model.key)), list(work.model.key), join_type="left semi"
    )
    with writing(work, "extract-0.parquet") as writer:
        writer.add(keys_alone(gone, work.model, "", "delete"))
    return Extraction(files=writer.close())


@dataclass
class _Progress:
    """How far earlier attempts came; each left a whole file."""

    attempts: int = 0
    position: dict[str, JSON] = field(default_factory=dict)
    files: list[RowFile] = field(default_factory=list)
    read: int = 0
    ordered: bool = True

    @classmethod
    def load(cls, work: Work) -> _Progress:
        path = work.path(_POSITION)
        if not path.exists():
            return cls()
        stored = json.loads(path.read_text())
        files = [RowFile.from_json(file) for file in stored["files"]]
        return cls(**{**stored, "files": files})


class _Reading:
    """What is known of a read while it goes on."""

    def __init__(self, work: Work, so_far: _Progress, same: known.Known | None) -> None:
        self._work = work
        self._model = work.model
        self._so_far = so_far
        self._resumed = bool(so_far.position)
        self._position: dict[str, JSON] = dict(so_far.position)
        self._complete: dict[str, bool] = {}
        self._listed: dict[str, None] = {}
        self._missing: dict[str, str] = {}
        self._unreadable: set[str] = set()
        self._cursors: dict[str, Cursor] = {}
        self._rejected: list[Rejection] = []
        self._read = so_far.read
        self._last: pa.Table | None = None
        self._in_key_order = not self._resumed
        self._same = same
        self._ordered = so_far.ordered

    def take(self, batch: Batch, writer: Writer) -> None:
        """Fit a batch to the model and write it."""
        if batch.listed is not None:
            self._listed[batch.listed] = None
        if batch.missing:
            self._missing[batch.part] = batch.missing
            return
        rejected, read = list(batch.rejected), self._read
        if batch.rows is not None:
            fitted = conform(batch.rows, self._model)
            rejected += fitted.rejected
            if fitted.unreadable_key:
                self._unreadable.add(batch.part)
            self._add(fitted.rows, batch, writer)
            self._read += len(fitted.rows)
        if batch.deleted is not None:
            self._add_gone(batch, writer)
        self._read += len(rejected)
        self._rejected += rejected
        self._complete[batch.part] = batch.complete
        if batch.cursor is not None:
            self._cursors[batch.part] = batch.cursor
        if batch.position is not None:
            self._position[batch.part] = batch.position
        self._work.report(self._read - read)

    def _add(self, rows: pa.Table, batch: Batch, writer: Writer) -> None:
        if not len(rows):
            return
        self._ordered = self._ordered and batch.ordered
        if self._in_key_order:
            key = rows.select(list(self._model.key))
            self._in_key_order = grows(key if self._last is None else pa.concat_tables([self._last, key]))
            self._last = key.slice(len(key) - 1)
        at_rest = marked(rows.rename_columns(columns(self._model)), batch.part, "insert")
        if self._same is not None and self._in_key_order:
            same = self._same.among(at_rest)
            writer.add(keys_alone(rows.filter(same), self._model, batch.part, "same"))
            at_rest = at_rest.filter(pc.invert(same))
        writer.add(at_rest)

    def _add_gone(self, batch: Batch, writer: Writer) -> None:
        gone = as_table(batch.deleted, self._model.key_schema)
        if not len(gone):
            return
        self._in_key_order = False
        if batch.rows is not None:
            self._refuse_contradiction(gone, conform(batch.rows, self._model).rows.select(list(self._model.key)))
        writer.add(keys_alone(gone, self._model, batch.part, "delete"))

    def _refuse_contradiction(self, gone: pa.Table, kept: pa.Table) -> None:
        both = gone.join(kept, list(self._model.key), join_type="left semi").slice(0, 1).to_pylist()
        if both:  # R11
            raise DataError(
                f"one batch both brings and deletes the key {list(both[0].values())}",
                hint="in two batches the later wins",
            )

    def keep_position(self, work: Work, file: tuple[RowFile, ...], name: str) -> None:
        """After a break: remember where to go on, or forget what came.

        Rejections are not remembered: after any of them the read starts anew, so that none is taken for absent (R3).
        """
        if self._position and not self._rejected:
            files = [*self._so_far.files, *file]
            progress = _Progress(self._so_far.attempts + 1, self._position, files, self._read, self._ordered)
            work.storage.write(work.name(_POSITION), json.dumps(asdict(progress)).encode())
        else:
            work.storage.remove(work.name(name))

    def ended(self, work: Work, file: tuple[RowFile, ...], name: str) -> Extraction:
        """The whole of it.

        Raises:
            DataError: too many rows were rejected.
        """
        if not file:
            work.storage.remove(work.name(name))
        if self._rejected:
            refuse_too_many_rejections(work, self._read, len(self._rejected), self._rejected[0].reason)
        proven = not self._resumed or work.connection.source.positions_are_keys  # R7
        complete = [part for part, whole in self._complete.items() if whole and proven and part not in self._unreadable]
        return Extraction(
            files=(*self._so_far.files, *file),
            rejected=self._write_rejected(work),
            read=self._read,
            rejections=len(self._rejected),
            complete=tuple(complete),
            parts=tuple(self._complete),
            listed=() if self._resumed else tuple(self._listed),  # of what came before the break nothing is known here
            missing=self._missing,
            cursors=self._cursors,
            in_key_order=self._in_key_order,
            still_open=self._same.left_open() if self._same and self._in_key_order else None,
            ordered=self._ordered,
        )

    def _write_rejected(self, work: Work) -> RowFile | None:
        if not self._rejected:
            return None
        rows = owed.once(owed.from_rejections(self._rejected, self._model, owed.REJECTED), self._model)
        return owed.write(rows, self._model, work.path("rejected.parquet"), work.name("rejected.parquet"))


def grows(keys: pa.Table) -> bool:
    """Each key is greater than the one before it, column by column as given.

    Example:
        >>> grows(pa.table({"a": [1, 1, 2], "b": ["x", "y", "a"]})), grows(pa.table({"a": [1, 1]}))
        (True, False)
    """
    size = len(keys) - 1
    if size < 1:
        return True
    greater, equal = None, None
    for column in keys.columns:
        values = column.cast(pa.uint8()) if pa.types.is_boolean(column.type) else column
        before, after = values.slice(0, size), values.slice(1)
        grown, same = pc.less(before, after), pc.equal(before, after)
        greater = grown if greater is None else pc.or_(greater, pc.and_(equal, grown))
        equal = same if equal is None else pc.and_(equal, same)
    return bool(pc.all(greater).as_py())
