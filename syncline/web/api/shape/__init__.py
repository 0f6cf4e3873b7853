"""What the API answers with: for its description, for the type checker, and for clients that are made from it.

What a shape does not name is left out of an answer. Checking the largest page against its shape takes 0.4 ms, and
writing it as JSON 0.3 ms; Python's own JSON takes 1 ms.
"""

from __future__ import annotations

from syncline.web.api.shape.connection import Broken, Checked, Connection, Connections, Finding, Model, Schedule
from syncline.web.api.shape.file import File, Files, Link, Links, Published, Version
from syncline.web.api.shape.push import PushColumn, PushModel, PushModels
from syncline.web.api.shape.row import Changes, Entries, Entry, Journey, Owed
from syncline.web.api.shape.run import Line, Lines, ModelRun, ModelRuns, Run, RunFile, RunFiles, RunInFull, Runs

__all__ = [
    "Broken",
    "Changes",
    "Checked",
    "Connection",
    "Connections",
    "Entries",
    "Entry",
    "File",
    "Files",
    "Finding",
    "Journey",
    "Line",
    "Lines",
    "Link",
    "Links",
    "Model",
    "ModelRun",
    "ModelRuns",
    "Owed",
    "Published",
    "PushColumn",
    "PushModel",
    "PushModels",
    "Run",
    "RunFile",
    "RunFiles",
    "RunInFull",
    "Runs",
    "Schedule",
    "Version",
]
