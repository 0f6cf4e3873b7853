"""From YAML to connections; every error names file, line and key."""

from syncline.config.clash import clashes
from syncline.config.connection import load_connection
from syncline.config.explain import Explained, explained
from syncline.config.settings import Settings, load_settings

__all__ = ["Explained", "Settings", "clashes", "explained", "load_connection", "load_settings"]
