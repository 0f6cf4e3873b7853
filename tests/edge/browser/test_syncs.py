"""The page of all syncs (P4), as a person uses it; the 15 seconds are the browser's own, run ahead."""

import re

import pytest
from playwright.sync_api import Page, expect

from syncline.people import Role
from syncline.request import Request
from syncline.run import ModelRun, RunStatus
from tests.edge.browser.conftest import Site, stop_time

SYNCS = "/settings/syncs"


def rows(page: Page) -> list[str]:
    return [row.inner_text() for row in page.locator("#syncs tbody tr").all()]


@pytest.mark.promise("P4.1")
def test_p4_1_syncs_lie_under_settings_at_the_bottom_of_the_left_menu(seen: Site, page: Page) -> None:
    page.goto(seen.url)
    last = page.get_by_role("navigation", name="Main").get_by_role("link").last
    expect(last).to_have_text("Syncs")
    box, menu = last.bounding_box(), page.locator(".side").bounding_box()
    assert box
    assert menu
    assert menu["y"] + menu["height"] - (box["y"] + box["height"]) < 40
    assert box["x"] < 100
    last.click()
    expect(page).to_have_url(f"{seen.url}{SYNCS}")
    expect(page.get_by_role("heading", name="Syncs")).to_be_visible()


@pytest.mark.promise("P4.2")
def test_p4_2_the_last_update_button_at_the_top_leads_there_too(seen: Site, page: Page) -> None:
    page.goto(seen.url)
    button = page.get_by_role("banner").get_by_role("link", name=re.compile("Last update"))
    box = button.bounding_box()
    assert box
    assert box["y"] < 60
    button.click()
    expect(page).to_have_url(f"{seen.url}{SYNCS}")


@pytest.mark.promise("P4.3")
def test_p4_3_all_syncs_are_shown_with_status_type_and_duration(seen: Site, page: Page) -> None:
    page.goto(seen.url + SYNCS)
    runs = seen.show.workspace.store.runs()
    assert len(rows(page)) == len(runs)
    titles = page.locator("#syncs thead th").all_inner_texts()
    assert {"Status", "Type", "Duration", "Connection", "Models", "By"} <= set(titles)
    for run in runs:
        cells = page.locator(f"#run-{run.id} td").all_inner_texts()
        assert cells[0].startswith(run.status)
        assert cells[titles.index("Type")] == run.type
        assert re.fullmatch(r"\d+ ms|[\d.]+ s", cells[titles.index("Duration")])


@pytest.mark.promise("P4.5")
def test_p4_5_it_refreshes_itself_every_15_seconds_and_loses_nothing(site: Site, page: Page) -> None:
    site.show.run("prices")
    stop_time(page)
    page.goto(f"{site.url}{SYNCS}?type=resources+update")
    page.get_by_label("Search").fill("pri")
    page.get_by_label("Search").press("End")
    page.clock.run_for(300)
    expect(page.locator("#syncs tbody tr")).to_have_count(1)
    page.locator("details#run > summary").click()
    page.get_by_label("Search").focus()
    page.locator("details#run").evaluate("menu => menu.open = true")
    before = page.url
    site.show.run("prices")
    site.show.run("catalogue")
    page.clock.run_for(14_000)
    expect(page.locator("#syncs tbody tr")).to_have_count(1)
    page.clock.run_for(1_000)
    expect(page.locator("#syncs tbody tr")).to_have_count(2)
    expect(page.get_by_label("Search")).to_be_focused()
    expect(page.get_by_label("Search")).to_have_value("pri")
    assert page.locator("details#run").evaluate("menu => menu.open")
    assert page.url == before
    assert page.locator("select[name=type]").input_value() == "resources update"


def test_it_refreshes_sooner_while_something_runs_and_shows_how_far_it_is(site: Site, page: Page) -> None:
    store = site.show.workspace.store
    going = store.open_run("prices", Request())
    stop_time(page)
    page.goto(site.url + SYNCS)
    row = page.locator(f"#run-{going.id}")
    expect(row).to_contain_text("running")
    store.progress(going, ModelRun("PRICES", "full", RunStatus.RUNNING, step="extract"))
    page.clock.run_for(3_000)
    expect(row).to_contain_text("extract …")


@pytest.mark.promise("P4.12")
def test_p4_12_the_four_statuses_can_be_chosen_and_finer_results_too(seen: Site, page: Page) -> None:
    page.goto(seen.url + SYNCS)
    choice = page.get_by_label("Status")
    names = choice.locator("optgroup[label=Status] option").all_inner_texts()
    assert names == ["scheduled", "running", "succeeded", "failed"]
    choice.select_option("failed")
    expect(page.locator("#syncs tbody tr")).to_have_count(1)
    assert page.url.endswith("?status=failed")
    choice.select_option("no_changes")
    expect(page.locator("#syncs tbody tr")).to_contain_text("no changes")
    choice.select_option("scheduled")
    expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()
    page.get_by_role("link", name="Show all of them").click()
    expect(page.locator("#syncs tbody tr")).to_have_count(len(seen.show.workspace.store.runs()))


def test_the_history_is_filtered_and_searched(seen: Site, page: Page) -> None:
    runs = seen.show.workspace.store.runs()
    page.goto(seen.url + SYNCS)
    for name, value, count in (
        ("connection", "prices", 3),
        ("model", "TITLES", 1),
        ("since", "1h", len(runs)),
        ("type", "configuration update", 0),
    ):
        choice = page.locator(f"select[name={name}]")
        choice.select_option(value)
        expect(page.locator("#syncs tbody tr")).to_have_count(count)
        choice.select_option("")
        expect(page.locator("#syncs tbody tr")).to_have_count(len(runs))
    for words, count in ((runs[2].id[:8], 1), ("catal", 1), ("nothing like it", 0), ("ORDERS", 4)):
        page.get_by_label("Search").fill(words)
        expect(page.locator("#syncs tbody tr")).to_have_count(count)


def test_a_long_history_is_read_page_by_page(site: Site, page: Page) -> None:
    store = site.show.workspace.store
    for _ in range(120):
        store.schedule_run("prices", Request(), runner="test", created_by="anybody")
    page.goto(site.url + SYNCS)
    seen: set[str] = set()
    for count in (50, 50, 20):
        ids = [row.get_attribute("id") or "" for row in page.locator("#syncs tbody tr").all()]
        assert len(ids) == count
        seen.update(ids)
        if count == 50:
            with page.expect_navigation():
                page.get_by_role("link", name="Older").click()
    assert len(seen) == 120
    page.get_by_role("link", name="Newest").click()
    expect(page.get_by_role("link", name="Older")).to_be_visible()


@pytest.mark.promise("P1.17")
def test_p1_17_the_split_button_offers_incremental_first(site: Site, page: Page) -> None:
    page.goto(f"{site.url}{SYNCS}?connection=shop")
    page.get_by_role("button", name="Run synchronization").click()
    expect(page).to_have_url(re.compile(rf"{SYNCS}/[0-9a-f-]{{36}}"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    assert not site.show.workspace.store.runs("shop")[0].request.full_sync
    page.goto(f"{site.url}{SYNCS}?connection=shop")
    page.get_by_label("Other ways to run shop").click()
    page.get_by_role("button", name="Full synchronization").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    assert site.show.workspace.store.runs("shop")[0].request.full_sync


@pytest.mark.promise("P3.3")
def test_p3_3_a_run_from_a_date_is_started_for_the_models_chosen(site: Site, page: Page) -> None:
    site.show.run()
    page.goto(f"{site.url}{SYNCS}?connection=shop")
    page.get_by_label("Other ways to run shop").click()
    page.get_by_label("What changed since").fill("2026-01-06")
    page.get_by_role("checkbox", name="ORDERS").uncheck()
    page.get_by_role("button", name="Synchronize from this date").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    (asked,) = site.show.workspace.store.runs("shop")[0].request.data_models_to_sync
    assert (asked.data_model, str(asked.sync_from)) == ("ARTICLES", "2026-01-06 00:00:00+00:00")


@pytest.mark.promise("P1.14")
def test_p1_14_what_a_connection_does_not_allow_is_not_offered(seen: Site, page: Page) -> None:
    page.goto(f"{seen.url}{SYNCS}?connection=prices")
    expect(page.get_by_role("button", name="Run synchronization")).to_have_attribute("value", "incremental")
    page.get_by_label("Other ways to run prices").click()
    expect(page.get_by_role("button", name="Synchronize from this date")).to_be_visible()
    assert page.get_by_role("button", name="Full synchronization").count() == 0
    page.goto(f"{seen.url}{SYNCS}?connection=catalogue")
    expect(page.get_by_role("button", name="Run synchronization")).to_have_attribute("value", "full")
    assert page.get_by_label("Other ways to run catalogue").count() == 0
    page.goto(seen.url + SYNCS)
    page.get_by_text("Run synchronization").click()
    offered = [button.inner_text() for button in page.locator("details#run button.primary").all()]
    assert offered == ["Full", "Incremental", "Incremental"]


def test_a_second_run_of_a_connection_leads_to_the_first(site: Site, page: Page) -> None:
    going = site.show.workspace.store.open_run("shop", Request())
    for button, told in (("Run synchronization", ""), ("Full synchronization", "?busy=1")):
        page.goto(f"{site.url}{SYNCS}?connection=shop")
        if told:
            page.get_by_label("Other ways to run shop").click()
        page.get_by_role("button", name=button).click()
        expect(page).to_have_url(f"{site.url}{SYNCS}/{going.id}{told}")
    expect(page.get_by_text("Yours has not been started")).to_be_visible()


def test_with_no_syncs_yet_it_says_what_to_do(site: Site, page: Page) -> None:
    page.goto(site.url + SYNCS)
    expect(page.get_by_role("heading", name="No syncs yet")).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text("No update yet")


def test_times_are_in_the_zone_of_who_looks_with_the_exact_time_on_hover(seen: Site, page: Page) -> None:
    run = seen.show.workspace.store.runs()[0]
    assert run.started_at
    page.goto(seen.url + SYNCS)
    time = page.locator(f"#run-{run.id} time")
    tokyo = run.started_at.timestamp() + 9 * 3600
    hour = int(tokyo // 3600 % 24)
    expect(time).to_contain_text(f"{hour:02d}:")
    exact = f"{hour:02d}:{run.started_at:%M:%S} GMT+9, {run.started_at:%Y-%m-%d %H:%M:%S} UTC"
    expect(time).to_have_attribute("title", re.compile(re.escape(exact)))
    expect(page.locator("#syncs th", has_text="Started")).to_have_text("Started GMT+9")


def test_it_is_used_by_the_keyboard_alone(site: Site, page: Page) -> None:
    page.goto(f"{site.url}{SYNCS}?connection=shop")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run synchronization")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Full synchronization")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Full synchronization")).to_be_hidden()
    expect(page.get_by_label("Other ways to run shop")).to_be_focused()


def test_who_may_only_look_sees_no_button(site: Site, page: Page) -> None:
    people = site.show.workspace.people()
    people.add_user("vera@example.com", Role.VIEWER, password="correct horse battery")
    page.goto(site.url + SYNCS)
    page.get_by_label("Email").fill("vera@example.com")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Syncs", exact=True)).to_be_visible()
    assert page.get_by_text("Run synchronization").count() == 0
    assert page.get_by_role("link", name="Users").count() == 0
