"""What a run has sent, row by row: a page as JSON, all of it as JSON lines, Arrow or Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Annotated, Any, Literal

import pyarrow as pa
from fastapi import APIRouter, Header
from starlette.responses import Response, StreamingResponse

from syncline.change import OPERATIONS, batches, schema_of, some
from syncline.changes import Changeset
from syncline.errors import DataError
from syncline.export import Options
from syncline.export.json import objects
from syncline.pipeline import record
from syncline.run import ModelRun, Run
from syncline.web import paging
from syncline.web.accept import accepted
from syncline.web.api import shape
from syncline.web.api.body import ModelName, RunId
from syncline.web.problem import Problem, not_found
from syncline.web.visit import CanRead, Visit

router = APIRouter(prefix="/runs", tags=["runs"])
JSON, LINES = "application/json", "application/x-ndjson"
ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
_ROWS, _CHUNK = 1024, 1 << 20


_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The rows: operation, before, after.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (LINES, ARROW, PARQUET)},
    }
}


@router.get(
    "/{run}/models/{model}/changes", operation_id="list_changes", response_model=shape.Changes, responses=_FORMS
)
def list_changes(
    run: RunId,
    model: ModelName,
    visit: CanRead,
    *,
    operation: Literal["insert", "update", "delete"] | None = None,
    after: paging.Offset = None,
    limit: paging.Limit = 50,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """The rows that the run has sent of a model, before and after (P2.24).

    `Accept` says in which form: a page of JSON (deletions first, then updates, then insertions), or all of them as JSON
    lines, an Arrow stream or a Parquet file.
    """
    kind = accepted(accept, (JSON, LINES, ARROW, PARQUET))
    changeset = sent(visit, visit.run(run), model)
    operations = OPERATIONS if operation is None else (operation,)
    if kind == JSON:
        start = paging.offset(after)
        rows = some(changeset, operations, start=start, limit=limit + 1)
        texts = list(lines(rows))
        return paging.written(texts[:limit], str(start + limit) if len(texts) > limit else None)
    wide = {LINES: _lines, ARROW: _arrow, PARQUET: _parquet}[kind]
    told = schema_of(changeset.model)
    return StreamingResponse(wide(batches(changeset, operations, _ROWS), told), media_type=kind)


def sent(visit: Visit, run: Run, model: str) -> Changeset:
    """The changeset of a model's part of a run.

    Raises:
        Problem: 404 it has no such model, or sent nothing of it; 410 its rows are no longer kept.
    """
    return _kept(visit, run, visit.part(run, model)) or not_found(f"changeset of model `{model}`: nothing was sent")


def _kept(visit: Visit, run: Run, model: ModelRun) -> Changeset | None:
    try:
        return record.sent(run, model, visit.site.workspace.storage)
    except DataError as error:
        raise Problem(410, "the rows of this run are no longer kept") from error


def lines(batches: Iterator[pa.RecordBatch]) -> Iterator[str]:
    """Each change as the text of a JSON object; numbers keep all their digits."""
    for batch in batches:
        operations = batch.column(0).to_pylist()
        sides = [_texts(column) for column in batch.columns[1:]]
        for operation, before, after in zip(operations, *sides, strict=True):
            yield f'{{"operation":"{operation}","before":{before},"after":{after}}}'


def _texts(rows: pa.StructArray) -> list[str]:
    if rows.null_count == len(rows):
        return ["null"] * len(rows)
    batch = pa.RecordBatch.from_arrays(rows.flatten(), names=[field.name for field in rows.type])
    found: list[str] = objects(batch, Options()).to_pylist()
    return found


_Rows = Iterator[pa.RecordBatch]


def _lines(rows: _Rows, _told: pa.Schema) -> Iterator[bytes]:
    several = lines(rows)
    while few := list(islice(several, _ROWS)):
        yield "".join(f"{line}\n" for line in few).encode()


def _arrow(rows: _Rows, told: pa.Schema) -> Iterator[bytes]:
    sink = BytesIO()
    with pa.ipc.new_stream(sink, told) as writer:
        for batch in rows:
            writer.write_batch(batch)
            yield _taken(sink)
    yield _taken(sink)


def _parquet(rows: _Rows, told: pa.Schema) -> Iterator[bytes]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where it is asked for

    with tempfile.TemporaryFile() as file:
        with pq.ParquetWriter(file, told, compression="zstd") as writer:
            for batch in rows:
                writer.write_batch(batch)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _taken(sink: BytesIO) -> bytes:
    content = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return content
