"""The command line at work, on a real workspace."""

from pathlib import Path

from tests.edge.shop import Call, copied, fill, sell


def test_what_init_writes_works_at_once(shop: Path, call: Call) -> None:
    assert "Next: syncline run" in call("check").out
    done = call("run")
    assert (done.code, "success" in done.out) == (0, True)
    assert "example BOOKS: load" in done.err
    assert copied(shop) == [(1, "Flatland"), (2, "Middlemarch"), (3, "The Time Machine")]
    assert list((shop / ".syncline").glob("storage/**/*.csv"))


def test_init_overwrites_nothing(shop: Path, call: Call) -> None:
    (shop / "syncline.yaml").write_text("tenant: mine\n")
    again = call("init", str(shop))
    assert (again.code, "is there already" in again.err) == (2, True)
    assert (shop / "syncline.yaml").read_text() == "tenant: mine\n"


def test_a_run_with_nothing_to_do_says_so(shop: Path, call: Call) -> None:
    call("run")
    assert "no_changes" in call("run").out
    (model,) = call("run", "--json").json[0]["models"]
    assert (model["result"], model["plan"]) == ("no_changes", "")


def test_json_is_all_that_stands_on_stdout(shop: Path, call: Call) -> None:
    (run,) = call("run", "--json").json
    assert (run["connection"], run["status"], run["result"]) == ("example", "succeeded", "success")
    assert run["models"][0]["counts"]["inserted"] == 3
    assert [one["id"] for one in call("runs", "--json").json] == [run["id"]]
    assert call("check", "--json").json["ok"] is True
    shown = call("show", run["id"][:8], "--json").json
    first = shown["changes"]["BOOKS"][0]
    assert (first["operation"], first["after"]["title"]) == ("insert", "Flatland")


def test_a_plan_shows_the_rows_and_sends_nothing(shop: Path, call: Call) -> None:
    call("run")
    sell(
        shop,
        "UPDATE book SET title = 'Flatland II', updated_at = '2026-03-01 00:00:00' WHERE id = 1",
        "DELETE FROM book WHERE id = 3",
        "INSERT INTO book VALUES (4, 'Ubik', 5, '2026-03-01 00:00:00')",
    )
    before = copied(shop)
    plan = call("plan", "example", "--full")
    assert plan.code == 0
    assert "1 to insert, 1 to update, 1 to delete" in plan.out
    assert "title: Flatland → Flatland II" in plan.out
    (model,) = call("plan", "example", "--full", "--json").json["models"]
    told = {change["operation"]: (change["before"], change["after"]) for change in model["changes"]}
    assert (told["update"][0]["title"], told["update"][1]["title"]) == ("Flatland", "Flatland II")
    assert (told["insert"][0], told["delete"][1]) == (None, None)
    assert copied(shop) == before
    assert call("run", "--full").code == 0
    assert copied(shop) == [(1, "Flatland II"), (2, "Middlemarch"), (4, "Ubik")]


def test_deletions_over_the_limit_wait_until_they_are_approved(shop: Path, call: Call) -> None:
    fill(shop, 4, 20)
    call("run")
    sell(shop, "DELETE FROM book WHERE id > 5")
    held = call("run", "--full")
    assert (held.code, "syncline approve example" in held.err) == (3, True)
    assert len(copied(shop)) == 20
    asked = call("approve", "example")
    assert (asked.code, "15 deletions waiting" in asked.out) == (1, True)
    assert len(copied(shop)) == 20
    done = call("approve", "example", "--yes")
    assert (done.code, len(copied(shop))) == (0, 5)
    assert "Nothing waits for approval" in call("approve", "example").err


def test_rejected_rows_are_told_and_the_exit_code_says_so(shop: Path, call: Call) -> None:
    fill(shop, 4, 30)
    sell(shop, "INSERT INTO book VALUES (99, 'Odd', 'a lot', '2026-02-01 00:00:00')")
    done = call("run", "--json")
    assert done.code == 3
    shown = call("show", done.json[0]["id"])
    assert "99" in shown.out
    assert "is not a decimal(8,2)" in shown.out
    assert "Rows were rejected; the reasons: syncline show" in call("run").err


def test_a_run_from_a_date_reads_what_changed_since(shop: Path, call: Call) -> None:
    call("run")
    (run,) = call("run", "--model", "BOOKS", "--from", "2026-01-06", "--json").json
    assert (run["models"][0]["mode"], run["models"][0]["counts"]["read"]) == ("from_date", 1)


def test_forgetting_a_model_reads_it_anew(shop: Path, call: Call) -> None:
    call("run")
    assert call("forget", "example", "BOOKS").code == 1
    assert call("forget", "example", "BOOKS", "--yes").code == 0
    assert call("run", "--json").json[0]["models"][0]["mode"] == "full"
    assert len(copied(shop)) == 3
