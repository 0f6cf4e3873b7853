"""The story: what happens to a shop, and what its warehouse must look like afterwards."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from syncline.cli.demo.proof import compare, csv_rows, fingerprint, shop_rows
from syncline.cli.demo.stage import CONNECTION, Rows, Stage, heading
from syncline.cli.screen import plural, say, table
from syncline.publication import latest, located
from syncline.request import Request
from syncline.run import RunResult

_LATE = "2011-06-30 00:00:00"


def tell(stage: Stage) -> None:
    """All that can happen, one after the other; each run is checked."""
    for chapter in (_first, _edited, _unchanged, _removed, _emptied, _late, _published):
        chapter(stage)


def _first(stage: Stage) -> None:
    heading("1  The first sync: everything")
    run = stage.sync(Request())
    stage.check_sent(run, Counter({(one.model, "inserted"): one.here for one in compare(stage.workspace.folder)}))
    stage.check_equal()


def _edited(stage: Stage) -> None:
    heading("2  Rows change, and an incremental sync sends those rows only")
    changed = stage.edit(
        "UPDATE customer SET email = 'luis@example.com' WHERE customer_id = 1",
        "UPDATE track SET unit_price = 1.29 WHERE album_id = 1",
        "INSERT INTO invoice (invoice_id, customer_id, invoice_date, billing_city, total)"
        " VALUES (413, 1, CURRENT_TIMESTAMP, 'Lisboa', 2.58)",
        "INSERT INTO invoice_line (invoice_id, track_id, unit_price, quantity)"
        " VALUES (413, 1, 1.29, 1), (413, 6, 1.29, 1)",
    )
    stage.check_sent(stage.sync(Request()), changed)
    stage.check_equal()


def _unchanged(stage: Stage) -> None:
    heading("3  Nothing changes, and nothing is written")
    before = fingerprint(stage.workspace.folder / "warehouse.db")
    run = stage.sync(Request())
    stage.check_sent(run, Counter())
    no_changeset = run.result is RunResult.NO_CHANGES and not any(part.plan for part in run.models)
    stage.check("no changeset was made", holds=no_changeset)
    same = fingerprint(stage.workspace.folder / "warehouse.db") == before
    stage.check("warehouse.db is the same file, byte for byte", holds=same)
    stage.check_equal()


def _removed(stage: Stage) -> None:
    heading("4  Rows are removed, and a full sync removes them in the warehouse")
    removed = stage.edit(
        "DELETE FROM invoice_line WHERE invoice_id IN (1, 2, 3)",
        "DELETE FROM invoice WHERE invoice_id IN (1, 2, 3)",
    )
    stage.check_sent(stage.sync(Request(full_sync=True)), removed)
    stage.check_equal()


def _emptied(stage: Stage) -> None:
    heading("5  By mistake or not, half a table is deleted: that waits for a person, the rest goes on")
    deleted = stage.edit("DELETE FROM invoice_line WHERE line_id % 2 = 0")
    changed = stage.edit("UPDATE customer SET city = 'Porto' WHERE customer_id = 1")
    lines = deleted["INVOICE_LINES", "deleted"]
    run = stage.sync(Request(full_sync=True))
    stage.check_sent(run, changed + Counter({("INVOICE_LINES", "withheld"): lines}))
    stage.check(f"the warehouse still has the {plural(lines, 'line')}", holds=_extra(stage) == {"INVOICE_LINES": lines})
    _show_entries(stage)
    _approve(stage, deleted)


def _approve(stage: Stage, deleted: Rows) -> None:
    heading("   Somebody has looked, and approves exactly these")
    heads = stage.workspace.store.heads(CONNECTION)
    lists = {model: head.owed_list for model, head in heads.items() if head.owing.get("withheld")}
    stage.check_sent(stage.sync(Request(approve=lists)), deleted)
    stage.check_equal()


def _show_entries(stage: Stage) -> None:
    say("\n  What waits:")
    entries = stage.workspace.store.entries(CONNECTION)
    shown = [(one.model, one.kind, f"{one.count:,}", ", ".join(one.sample), one.reason) for one in entries]
    table(["model", "kind", "rows", "e.g.", "reason"], shown, right=["rows"])


def _late(stage: Stage) -> None:
    heading("6  Old invoices are entered late, with their old dates: a sync of one model from a date finds them")
    values = ", ".join(f"({number}, 2, '{_LATE}', 9.90, '{_LATE}')" for number in (414, 415, 416))
    entered = stage.edit(
        f"INSERT INTO invoice (invoice_id, customer_id, invoice_date, total, updated_at) VALUES {values}"  # noqa: S608
    )
    asked = {"data_models_to_sync": [{"data_model": "INVOICES", "sync_from": "2011-06-01"}]}
    run = stage.sync(Request.parse(asked))
    stage.check_sent(run, entered)
    stage.check("only INVOICES was read", holds=[part.model for part in run.models] == ["INVOICES"])
    stage.check_equal()


def _published(stage: Stage) -> None:
    heading("7  The invoices as a file: always whole, always at the same address")
    address = _address(stage)
    say(f"  {address}")
    for line in address.read_text(encoding="utf-8").splitlines()[:4]:
        say(f"    {line}")
    say()
    found, wanted = csv_rows(address), shop_rows(stage.workspace.folder)
    figures = f"{found.total():,} = {wanted.total():,}"
    stage.check(f"it holds every invoice of the shop: {figures}", holds=found == wanted)


def _address(stage: Stage) -> Path:
    """The constant address of the file, beside the versions that runs have made."""
    runs = stage.workspace.store.runs(CONNECTION)
    made = next(part.files[0] for run in runs for part in run.models if part.model == "INVOICES" and part.files)
    return Path(latest(located(stage.workspace.storage.root, made)))


def _extra(stage: Stage) -> dict[str, int]:
    """The rows that only the warehouse has, if nothing else differs."""
    found = compare(stage.workspace.folder)
    return {one.model: one.extra for one in found if one.extra} if not any(one.missing for one in found) else {}
