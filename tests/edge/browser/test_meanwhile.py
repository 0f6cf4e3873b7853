"""What happens while a page is open: the service stops, a session ends, others do the same or take it away."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from syncline.people import Role
from syncline.request import Request
from syncline.run import RunResult
from tests.edge.browser.conftest import Site, serving, stop_time
from tests.edge.browser.showcase import Showcase

PASSWORD = "correct horse battery"


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A page that may complain, for what goes wrong here is told in the console too."""
    context = chromium.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    tab = context.new_page()
    tab.set_default_timeout(15_000)
    yield tab
    context.close()


def test_a_page_says_that_the_service_does_not_answer_until_it_does(tmp_path: Path, tab: Page) -> None:
    show = Showcase(tmp_path)
    notice = tab.locator("#notice")
    with serving(show) as site:
        stop_time(tab)
        tab.goto(f"{site.url}/settings/syncs")
        expect(notice).to_be_hidden()
    tab.clock.run_for(15_000)
    expect(notice).to_contain_text("Syncline does not answer")
    expect(notice).to_contain_text(re.compile(r"how things stood at .* GMT\+9"))
    show.run("prices")
    with serving(show, urlsplit(site.url).port or 0):
        tab.clock.run_for(15_000)
        expect(tab.locator("#syncs tbody tr")).to_have_count(1)
        expect(notice).to_be_hidden()


def test_a_page_says_that_its_connection_was_removed(site: Site, tab: Page) -> None:
    stop_time(tab)
    tab.goto(f"{site.url}/connections/prices")
    (site.show.folder / "connections" / "prices.yaml").unlink()
    tab.clock.run_for(15_000)
    expect(tab.locator("#notice")).to_contain_text("not there any more")
    tab.get_by_role("button", name="Refresh").click()
    expect(tab.get_by_text("there is no connection `prices`")).to_be_visible()
    (site.show.folder / "connections" / "prices.yaml").write_text("source: {kind: sql}")
    tab.get_by_role("link", name="Back").click()
    expect(tab.get_by_text("the connection `prices` cannot be used: connections/prices.yaml:1")).to_be_visible()


def test_syncs_of_a_connection_that_was_removed_are_shown_still(site: Site, page: Page) -> None:
    run = site.show.run("prices")
    (site.show.folder / "connections" / "prices.yaml").unlink()
    page.goto(f"{site.url}/settings/syncs")
    row = page.locator(f"#run-{run.id}")
    expect(row).to_contain_text("not in use")
    row.get_by_role("link", name="succeeded").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("prices")
    assert page.locator("a[href='/connections/prices']").count() == 0


def test_who_has_come_in_anew_is_where_they_were(site: Site, tab: Page) -> None:
    people = site.show.workspace.people()
    people.add_user("ann@example.com", Role.COMPANY_ADMIN, password=PASSWORD)
    stop_time(tab)
    tab.goto(f"{site.url}/settings/syncs?connection=shop")
    log_in(tab)
    expect(tab.get_by_role("heading", name="Syncs", exact=True)).to_be_visible()
    tab.wait_for_load_state()
    tab.context.clear_cookies()
    tab.clock.run_for(15_000)
    log_in(tab)
    expect(tab.get_by_role("heading", name="Syncs", exact=True)).to_be_visible()
    assert tab.locator("select[name=connection]").input_value() == "shop"
    tab.context.clear_cookies()
    tab.get_by_role("button", name="Run synchronization").click()
    tab.get_by_role("link", name="Log in").click()
    log_in(tab)
    expect(tab).to_have_url(f"{site.url}/settings/syncs?connection=shop")
    assert site.show.workspace.store.runs() == []


def log_in(tab: Page) -> None:
    tab.get_by_label("Email").fill("ann@example.com")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()


def test_of_two_who_approve_the_same_one_is_told_that_it_is_done(site: Site, tab: Page) -> None:
    show = site.show
    show.run()
    show.sql("DELETE FROM purchase WHERE id > 10")
    show.run(request=Request(full_sync=True))
    other = tab.context.new_page()
    for one in (tab, other):
        one.goto(f"{site.url}/connections/shop/ORDERS/waiting")
    for one in (tab, other):
        one.get_by_role("button", name="Delete these 30 rows").click()
        expect(one.get_by_role("heading", level=1)).to_contain_text(re.compile("succeeded|Conflict"))
    assert show.workspace.store.entries("shop") == []
    assert [bool(run.request.approve) for run in show.workspace.store.runs("shop")].count(True) in (1, 2)
    show.sql("INSERT INTO purchase SELECT id + 100, buyer, total, updated_at FROM purchase")
    tab.goto(f"{site.url}/connections/shop/ORDERS/waiting")
    expect(tab.get_by_role("heading", name="Nothing waits")).to_be_visible()


def test_a_button_that_is_pressed_twice_sends_its_form_once(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/settings/keys")
    page.get_by_label("Name").fill("nightly")
    page.get_by_role("button", name="Create the key").dblclick()
    expect(page.locator("code.secret")).to_be_visible()
    assert [key.name for key in site.show.workspace.people().keys()] == ["nightly"]  # noqa: SIM118


def test_the_title_of_the_tab_says_how_a_sync_stands(site: Site, page: Page) -> None:
    store = site.show.workspace.store
    going = store.schedule_run("prices", Request(), runner="test", created_by="anybody")
    stop_time(page)
    page.goto(f"{site.url}/settings/syncs/{going.id}")
    expect(page).to_have_title("prices: scheduled · Syncline")
    store.withdraw(going.id, RunResult.CANCELLED, {})
    page.clock.run_for(1_000)
    expect(page).to_have_title("prices: failed · Syncline")
