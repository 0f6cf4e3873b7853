"""What a run would do, shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncline.cli.changeset import changes_json, show_changes
from syncline.cli.sample import sample_json, show_sample
from syncline.cli.screen import note, number, plural, say
from syncline.status import MISSING

if TYPE_CHECKING:
    from syncline.pipeline import Preview

_REASONS = 10


def show_preview(preview: Preview, rows: int, connection: str) -> None:
    """What would be sent of a model, with the first rows of it."""
    say(f"{preview.model} ({preview.mode})")
    if preview.sample is not None:
        show_sample(preview.sample)
    changes = preview.changes
    if changes is None:
        note(f"{preview.model}: {preview.error}")
        return
    if preview.pending:
        say("  a run that broke off is finished first")
    for part, reason in preview.missing.items():
        say(f"  part {part} {MISSING}: {reason}")
    if len(changes):
        counts = (changes.inserted, changes.updated, changes.deleted)
        told = zip(counts, ("insert", "update", "delete"), strict=True)
        say("  " + ", ".join(f"{number(count)} to {verb}" for count, verb in told))
        show_changes(changes, rows)
    else:
        say("  nothing would be sent")
    waiting = preview.owing.get("withheld", 0) + preview.owing.get("absent", 0)
    if waiting:
        say(f"  {plural(waiting, 'deletion')} would wait for: syncline approve {connection}")
    for reason in preview.rejected[:_REASONS]:
        say(f"  rejected: {reason}")
    if len(preview.rejected) > _REASONS:
        say(f"  … and {number(len(preview.rejected) - _REASONS)} more")


def preview_json(preview: Preview, rows: int) -> dict[str, Any]:
    """The same as JSON."""
    changes = preview.changes
    counts = {name: getattr(changes, name, 0) for name in ("inserted", "updated", "deleted")}
    return {
        "model": preview.model,
        "mode": preview.mode,
        **counts,
        "owing": preview.owing,
        "rejected": list(preview.rejected),
        "pending": preview.pending,
        "error": preview.error,
        "missing": preview.missing,
        "changes": changes_json(changes, rows) if changes is not None else [],
        **({"sample": sample_json(preview.sample)} if preview.sample is not None else {}),
    }
