"""The command line."""

from syncline.cli.app import main

__all__ = ["main"]
