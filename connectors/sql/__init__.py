"""SQL databases as sources and destinations: SQLite by its own driver, any other through SQLAlchemy."""

from connectors.sql.destination import SqlDestination
from connectors.sql.source import SqlSource

__all__ = ["SqlDestination", "SqlSource"]
