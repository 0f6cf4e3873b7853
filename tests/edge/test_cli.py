"""The command line at work, on a real workspace."""

from pathlib import Path

from tests.edge.shop import Call, configure, copied, fill, sell


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


def test_the_reasons_are_shown_by_every_run_that_says_so(shop: Path, call: Call) -> None:
    fill(shop, 4, 30)
    sell(shop, "INSERT INTO book VALUES (99, 'Odd', 'a lot', '2026-01-02 00:00:00')")
    for _ in range(3):
        assert "Rows were rejected; the reasons: syncline show" in call("run").err
        run = call("runs", "--json").json[0]["id"][:8]
        assert "is not a decimal(8,2)" in call("show", run).out
    assert "Owed now" in call("show", run).out
    (owed,) = call("show", run, "--json").json["owed"]
    assert (owed["model"], owed["closed_at"]) == ("BOOKS", None)


def test_a_key_that_is_mended_is_let_go_by_the_full_run_that_is_told(shop: Path, call: Call) -> None:
    fill(shop, 4, 30)
    sell(shop, "CREATE TABLE pet (id TEXT, name TEXT, updated_at TIMESTAMP)")
    sell(shop, "INSERT INTO pet SELECT id, title, updated_at FROM book")
    sell(shop, "INSERT INTO pet VALUES ('x1', 'Rex', '2026-01-01 00:00:00')")
    configure(shop, "from: book ", "columns: {id: int, name: text, updated_at: timestamp}\n    from: pet ")
    assert "mended since stays listed until: syncline run example --full" in call("run").err
    sell(shop, "UPDATE pet SET id = '100', updated_at = '2026-03-01 00:00:00' WHERE id = 'x1'")
    mended = call("run")
    assert (mended.code, "syncline run example --full" in mended.err) == (3, True)
    assert call("run", "--full").code == 0
    sell(shop, "UPDATE pet SET id = 'x2' WHERE id = '100'")
    configure(shop, "cursor: updated_at ", "# no cursor")
    assert "--full" not in call("run").err


def test_a_model_that_left_the_file_is_told_until_it_is_forgotten(shop: Path, call: Call) -> None:
    call("run")
    configure(shop, "  BOOKS:", "  TITLES:")
    configure(shop, "{table: books}", "{table: titles}")
    told = call("run").err
    assert "example BOOKS is no longer in connections/example.yaml; its table stays." in told
    assert "syncline forget example BOOKS" in told
    assert call("forget", "example", "BOOKS", "--yes").code == 0
    assert "no longer" not in call("run").err


def test_a_question_that_nobody_answers_says_how_to_agree_beforehand(shop: Path, call: Call) -> None:
    call("run")
    asked = call("forget", "example", "BOOKS")
    assert (asked.code, "--yes" in asked.err) == (1, True)


def test_what_is_null_is_left_out_of_a_new_row(shop: Path, call: Call) -> None:
    sell(shop, "UPDATE book SET price = NULL WHERE id = 1")
    out = call("plan", "example").out
    assert "id=1, title=Flatland, updated_at=" in out
    assert "price=12.80" in out


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
