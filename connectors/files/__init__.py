"""Files in a folder as a source: CSV, JSON lines, Parquet."""

from connectors.files.source import FilesSource

__all__ = ["FilesSource"]
