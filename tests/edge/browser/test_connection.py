"""The pages of all connections, of one, of a row, and of deletions that wait."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syncline.request import Request
from tests.edge.browser.conftest import Site
from tests.edge.browser.showcase import PRICES


def test_the_overview_shows_the_health_of_all_connections_at_a_glance(seen: Site, page: Page) -> None:
    page.goto(seen.url)
    badges = {name: page.locator(f"#connection-{name} .badge").inner_text() for name in ("shop", "catalogue", "prices")}
    assert badges == {"shop": "failed", "catalogue": "in step", "prices": "in step"}
    expect(page.locator(".tally")).to_contain_text("1 failed")
    expect(page.locator("#connection-shop")).to_contain_text("32")
    page.get_by_role("link", name="prices", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("prices")


def test_many_connections_are_searched_and_chosen_by_their_health(serve: Callable[..., Site], page: Page) -> None:
    several = [PRICES.replace(": prices", f": prices{n}").replace("prices.db", f"prices{n}.db") for n in range(14)]
    site = serve(*several)
    site.show.run("prices3")
    page.goto(site.url)
    page.get_by_label("Search").fill("prices1")
    expect(page.locator("article")).to_have_count(5)
    page.get_by_role("link", name="1 in step").click()
    expect(page.locator("article h2")).to_have_text("prices3")
    page.goto(f"{site.url}/settings/syncs")
    page.get_by_text("Run synchronization").click()
    page.get_by_label("Of which connection").select_option("prices7")
    page.get_by_role("button", name="Choose").click()
    page.get_by_role("button", name="Run synchronization").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("prices7 succeeded")


@pytest.mark.promise("P3.13")
def test_p3_13_the_refresh_button_runs_all_models_incrementally(site: Site, page: Page) -> None:
    site.show.run()
    page.goto(f"{site.url}/connections/shop")
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("no changes")
    run = site.show.workspace.store.runs("shop")[0]
    assert [(model.model, model.mode) for model in run.models] == [
        ("ARTICLES", "incremental"),
        ("ORDERS", "incremental"),
    ]
    assert run.created_by == "anybody"


def test_a_connection_shows_its_models_with_schedule_runs_and_lag(seen: Site, page: Page) -> None:
    page.goto(f"{seen.url}/connections/shop")
    articles, orders = (page.locator(f"#model-{name}") for name in ("ARTICLES", "ORDERS"))
    expect(articles).to_contain_text("every 15 min")
    expect(articles).to_contain_text("failed")
    expect(articles).to_contain_text("2 rejected")
    expect(orders).to_contain_text("0 6 * * *")
    expect(orders.locator("td").nth(4)).to_contain_text("14:00")  # 6 o'clock in Paris is 14 in Tokyo, in winter
    expect(orders).to_contain_text("30 withheld")
    expect(page.get_by_role("figure").first).to_contain_text(re.compile("rows changed by the last 5 runs"))
    expect(page.get_by_role("figure").last).to_contain_text(re.compile("the last 5 runs took"))
    last = page.get_by_role("figure").last.locator("a").last
    expect(last).to_have_attribute("href", f"/settings/syncs/{seen.runs['failed'].id}")


@pytest.mark.promise("P1.19")
def test_p1_19_the_newest_file_is_fetched_from_a_constant_address(seen: Site, page: Page) -> None:
    page.goto(f"{seen.url}/connections/shop")
    with page.expect_download() as started:
        page.get_by_role("link", name="ARTICLES/latest.csv").click()
    assert started.value.url == f"{seen.url}/files/shop/shop/ARTICLES/latest.csv"
    assert len(started.value.path().read_text().splitlines()) == 121


@pytest.mark.promise("P2.7")
def test_p2_7_the_configuration_says_where_each_value_came_from(seen: Site, page: Page) -> None:
    page.goto(f"{seen.url}/connections/shop")
    page.get_by_text("ARTICLES", exact=True).last.click()
    row = page.get_by_role("row", name=re.compile("^cursor"))
    expect(row.first).to_contain_text("connections/shop.yaml:10")
    expect(page.get_by_role("row", name=re.compile(r"^limits\.deleted")).first).to_contain_text("default")


@pytest.mark.promise("P6.2")
def test_p6_2_withheld_deletions_are_looked_at_and_exactly_these_are_approved(site: Site, page: Page) -> None:
    show = site.show
    show.run()
    show.sql("DELETE FROM purchase WHERE id > 10")
    waits = show.run(request=Request(full_sync=True))
    page.goto(f"{site.url}/settings/syncs/{waits.id}")
    page.get_by_role("link", name="Look at the deletions and approve").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("wait for you")
    keys = [int(text) for text in page.locator("tbody tr td:first-child").all_inner_texts()]
    assert sorted(keys) == list(range(11, 41))
    page.get_by_role("button", name="Delete these 30 rows").click()
    expect(page).to_have_url(re.compile("/settings/syncs/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    expect(page.locator("#model-ORDERS .figures")).to_contain_text("30")
    assert show.workspace.store.entries("shop") == []
    page.goto(f"{site.url}/connections/shop/ORDERS/waiting")
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()


@pytest.mark.promise("P6.7")
def test_p6_7_the_journey_of_a_row_is_found_by_its_key(seen: Site, page: Page) -> None:
    page.goto(f"{seen.url}/connections/shop")
    page.get_by_role("combobox", name="Model").select_option("ARTICLES")
    page.get_by_label("Key of the row").fill("11")
    page.get_by_label("Key of the row").press("Enter")
    expect(page.locator(".event h2")).to_have_text(["Not sent: rejected", "Inserted"])
    expect(page.locator(".event").first).to_contain_text("'many' is not an int64")
    page.get_by_label("id", exact=True).fill("3")
    page.get_by_role("button", name="Show what happened to it").click()
    expect(page.locator(".event h2")).to_have_text(["Updated", "Inserted"])
    expect(page.locator(".event ins").first).to_have_text("31.50")
    page.locator(".event").first.get_by_role("link", name=re.compile("^sync ")).click()
    expect(page).to_have_url(re.compile(seen.runs["changed"].id))


def test_a_key_that_is_none_is_told_where_it_was_typed(seen: Site, page: Page) -> None:
    page.goto(f"{seen.url}/connections/shop/ARTICLES/journey?key=<b>x</b>")
    expect(page.get_by_role("alert")).to_contain_text("`<b>x</b>` is no value of `id`")
    page.goto(f"{seen.url}/connections/shop/ARTICLES/journey?key=99999")
    expect(page.get_by_role("heading", name="Nothing is known of this row")).to_be_visible()


def test_a_connection_that_was_never_run_says_what_to_do(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/connections/catalogue")
    expect(page.get_by_text("start its first sync with the button above")).to_be_visible()
    page.get_by_role("button", name="Run in full").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
