"""Files in a folder as a source."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from connectors.files import folder
from connectors.files.bucket import NOTHING, SCHEME, Bucket
from connectors.files.columnar import Columnar
from connectors.files.delimited import Delimited
from connectors.files.lines import Lines
from syncline import Batch, ConfigError, DataError, DataModel, Missing, Read, Secret, Source, SyncMode, TransientError

Form: TypeAlias = Delimited | Lines | Columnar
_ROWS = 65_536
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_DELIMITERS = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True)
class FilesSource(Source):
    r"""Reads CSV, TSV, JSON lines and Parquet files of a folder or bucket; text files may be packed with gzip (`.gz`).

    `from:` names a file, or several by a pattern (`2024/*.csv`); each is a part of the model, named by its path
    in the folder. Files are read as a whole each time; rows that are gone from one are gone, and so are those of a
    file that is gone while others of the pattern are there. Of a key in several files the first file by name holds.

    Values of text files are read as the types of `columns:` say, exactly, or their row is rejected. Without
    `columns:` those of a CSV file are text, those of JSON lines as the first thousand lines have them.

    Args:
        folder: where they are, also `s3://bucket/prefix`; left out: they are handed over when a run is started.
        format: csv, tsv, jsonl or parquet; None: as the suffix says.
        delimiter: between the values of a CSV file; None: a comma, or a tab in a TSV file.
        encoding: of text files.
        null_values: what stands for NULL in a CSV file where it is not quoted.
        endpoint: the server of a bucket; left out: Amazon S3.
        key: who asks there; left out: as the environment says.
        secret: what proves it.
        region: where the bucket is.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp())
        >>> _ = (place / "pets.csv").write_text("id,name\n1,Rex\n")
        >>> FilesSource(str(place)).columns("pets.csv").names
        ['id', 'name']
    """

    folder: str = ""
    format: str | None = None
    delimiter: str | None = None
    encoding: str = "utf-8"
    null_values: tuple[str, ...] = ("",)
    endpoint: str = ""
    key: Secret = NOTHING
    secret: Secret = NOTHING
    region: str = ""
    is_remote = True

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        object.__setattr__(self, "null_values", tuple(self.null_values))
        if self.format not in {None, *_SUFFIXES.values()}:
            raise ConfigError(f"unknown format `{self.format}`", hint=f"known are {_known()}")
        if self.delimiter is not None and (len(self.delimiter) != 1 or not self.delimiter.isascii()):
            raise ConfigError(f"the delimiter is one plain character, not {self.delimiter!r}")
        try:
            codecs.lookup(self.encoding)
        except (LookupError, ValueError) as error:
            raise ConfigError(f"unknown encoding `{self.encoding}`", hint="for example utf-8 or latin-1") from error

    def check(self) -> None:
        """See whether the folder or bucket is there."""
        if self._bucket:
            self._bucket.check()
        elif self.folder:
            folder.check(Path(self.folder))

    def columns(self, origin: str) -> pa.Schema | None:
        """The columns of the first file that `origin` names; None where files are only handed over."""
        if not self.folder:
            return None
        with self._here(self._find(origin)[0]) as path:
            return self._form(path).schema(path)

    def read(self, request: Read) -> Iterator[Batch]:
        """Read every file as a whole; its last batch says so only if it was read to its proper end (R7)."""
        if request.mode is SyncMode.FROM_DATE:
            raise ConfigError("files are not read from a date", hint="run the model in full: all is compared anyway")
        *others, last = self._find(request.origin)
        for name in others:
            with self._here(name) as path:
                yield from self._read_one(path, name, request.model)
        with self._here(last) as path:
            yield from self._read_one(path, last, request.model, listed="")

    def _read_one(self, path: Path, part: str, model: DataModel, listed: str | None = None) -> Iterator[Batch]:
        form, before = self._form(path), _mark(path)
        self._check_columns(path, form, model)
        last = Batch(part=part)
        for rows in _rows(path, form, model.schema.names):
            if last.rows is not None:
                yield last
            last = Batch(rows=rows, part=part)
        if _mark(path) != before:
            raise TransientError("the file changed while it was read", where=str(path))
        yield Batch(rows=last.rows, part=part, complete=True, listed=listed)

    def _check_columns(self, path: Path, form: Form, model: DataModel) -> None:
        """Of JSON lines only the end tells whether a column is missing."""
        found = model.schema.names if isinstance(form, Lines) else form.schema(path).names
        for name in model.schema.names:
            if name not in found:
                raise ConfigError(f"there is no column `{name}`", where=str(path), hint=_hint(name, found))

    def order(self, origin: str) -> Sequence[str]:
        """By name."""
        del origin
        return ()

    def handed(self, folder: Path) -> FilesSource:
        """The same settings for files that lie in another folder."""
        return replace(self, folder=str(folder))

    def _find(self, origin: str) -> list[str]:
        if not self.folder:
            raise Missing(
                "no file was handed over",
                hint="hand over `source_files`, `syncline run CONNECTION --file …`, or set `folder:`",
            )
        if self._bucket:
            return self._bucket.find(origin)
        self.check()
        place = Path(self.folder)
        return [folder.part(path, place) for path in folder.find(place, origin)]

    @property
    def _bucket(self) -> Bucket | None:
        if not self.folder.startswith(SCHEME):
            return None
        return Bucket(self.folder.rstrip("/"), self.endpoint, self.key.reveal(), self.secret, self.region)

    @contextmanager
    def _here(self, name: str) -> Iterator[Path]:
        """A file where it can be read, and its errors in words."""
        if self._bucket:
            with self._bucket.fetched(name) as path, self._blamed(path):
                yield path
        else:
            path = Path(self.folder) / name
            with self._blamed(path):
                yield path

    def _form(self, path: Path) -> Form:
        suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
        form = self.format or _SUFFIXES.get(suffix.lower())
        if form is None or (form == "parquet" and path.suffix == ".gz"):
            raise ConfigError(f"no known format has the suffix of {path.name}", hint=f"set `format:`: {_known()}")
        if form == "parquet":
            return Columnar()
        if form == "jsonl":
            return Lines(self.encoding)
        return Delimited(
            self.delimiter or _DELIMITERS[form], self.encoding, self.null_values, is_sure=self.delimiter is not None
        )

    @contextmanager
    def _blamed(self, path: Path) -> Iterator[None]:
        """Errors of the libraries, in words and with the name of the file."""
        where = str(path)
        try:
            yield
        except PermissionError as error:
            raise ConfigError("the file may not be read", where=where, hint="check its permissions") from error
        except UnicodeError as error:
            raise DataError(f"the file is not {self.encoding}: {error}", where=where, hint="set `encoding:`") from error
        except (pa.ArrowException, OSError, EOFError, zlib.error) as error:
            raise DataError(
                f"the file cannot be read to its end: {error}", where=where, hint="was it cut off?"
            ) from error


def _rows(path: Path, form: Form, columns: list[str]) -> Iterator[pa.RecordBatch | dict[str, object]]:
    if not isinstance(form, Delimited):
        yield from form.read(path, columns, _ROWS)
        return
    for batch in form.read(path, columns):
        for start in range(0, batch.num_rows, _ROWS):
            yield batch.slice(start, _ROWS)


def _mark(path: Path) -> tuple[int, int, int]:
    """What tells that a file was written to, or another one put in its place."""
    now = path.stat()
    return now.st_ino, now.st_size, now.st_mtime_ns


def _hint(name: str, found: list[str]) -> str:
    near = next((other for other in found if other.strip() == name), None)
    known = f"columns: {', '.join(found)}"
    return known if near is None else f"its name has blanks around it: write `{near}` in quotes, or mend the header"


def _known() -> str:
    return ", ".join(dict.fromkeys(_SUFFIXES.values()))
