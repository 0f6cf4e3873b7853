"""Who started something, as people call them."""

from __future__ import annotations

from syncline.run import Run
from syncline.web.visit import Visit


def people(visit: Visit) -> dict[str, str]:
    """How the people and keys of the company are shown, by the id that runs bear."""
    known = visit.people
    users = {user.id: user.email for user in known.users()}
    keys = {f"key:{key.id}": f"key {key.name}" for key in known.keys()}  # noqa: SIM118 - they are keys of programs
    return users | keys | {"anybody": "anybody"}


def who(run: Run, known: dict[str, str]) -> str:
    """Who started a run, or what."""
    if run.created_by is None:
        return "schedule" if run.runner == "prefect" else "command line"
    return known.get(run.created_by, run.created_by)
