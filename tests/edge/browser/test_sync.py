"""The page of one sync: what it did, row by row, and what a person can do about what it could not."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syncline.line import Line
from syncline.request import Request
from syncline.run import Counts, ModelRun, RunStatus, Step
from tests.edge.browser.conftest import Site, stop_time

WIDE = """\
connection: wide
source:      {kind: sql, url: "sqlite:///data/shop.db"}
destination: {kind: sql, url: "sqlite:///data/wide.db"}
models:
  WIDE: {from: wide, key: [id]}
"""
MANY = WIDE.replace("wide", "many").partition("  WIDE")[0] + "".join(
    f"  M{number:02}: {{from: t{number}, key: [id]}}\n" for number in range(40)
)


def open_sync(page: Page, site: Site, what: str) -> None:
    page.goto(f"{site.url}/settings/syncs/{site.runs[what].id}")


@pytest.mark.promise("P1.3")
def test_p1_3_a_run_shows_its_progress_while_it_goes_on(site: Site, page: Page) -> None:
    store = site.show.workspace.store
    site.show.run("prices")
    going = store.open_run("prices", Request())
    stop_time(page)
    page.goto(f"{site.url}/settings/syncs/{going.id}")
    expect(page.get_by_text("It has not come to a model yet.")).to_be_visible()
    started = going.created_at
    part = ModelRun("PRICES", "full", RunStatus.RUNNING, step="extract", counts=Counts(read=1234), started_at=started)
    steps = (Step("check", started), Step("extract", started))
    store.progress(going, ModelRun(**{name: getattr(part, name) for name in part.__slots__} | {"steps": steps}))
    page.clock.run_for(1_000)
    expect(page.get_by_text("1,234 read")).to_be_visible()
    expect(page.get_by_text(re.compile("about .* left"))).to_be_visible()
    expect(page.locator("[aria-current=step]")).to_contain_text("extract")
    expect(page.get_by_role("progressbar")).to_be_visible()


@pytest.mark.promise("P6.15")
def test_p6_15_every_status_carries_the_rule_that_set_it(seen: Site, page: Page) -> None:
    for what, rules in (("first", ["R30"]), ("withheld", ["R30", "R3", "R25"]), ("failed", ["R30", "R24"])):
        open_sync(page, seen, what)
        assert page.locator(".reasons .rule").all_inner_texts() == rules


def test_a_sync_shows_its_steps_with_their_times_and_its_log(seen: Site, page: Page) -> None:
    open_sync(page, seen, "first")
    steps = page.locator("#model-ARTICLES .steps li").all_inner_texts()
    assert [step.split()[0] for step in steps] == ["check", "extract", "diff", "transform", "load", "publish"]
    assert all(re.search(r"\d (ms|s)", step) for step in steps)
    expect(page.locator(".log")).to_contain_text("transform")
    expect(page.locator("#model-ARTICLES .figures")).to_contain_text("120")


def test_what_is_said_is_seen_while_the_run_goes_on(site: Site, page: Page) -> None:
    store = site.show.workspace.store
    going = store.open_run("prices", Request())
    stop_time(page)
    page.goto(f"{site.url}/settings/syncs/{going.id}")
    rows = page.locator(".log tbody tr")
    expect(rows).to_have_count(1)
    store.say(going, [Line(going.created_at, "warning", "it is away; <b>trying</b> again in 2.0 s", "PRICES")], start=0)
    page.clock.run_for(1_000)
    expect(rows).to_have_count(2)
    expect(rows.last).to_have_class("warning")
    expect(rows.last).to_contain_text("PRICES\tit is away; <b>trying</b> again in 2.0 s", use_inner_text=True)


@pytest.mark.promise("P2.24")
def test_p2_24_the_changeset_shows_rows_before_and_after_with_the_changed_cells_marked(seen: Site, page: Page) -> None:
    open_sync(page, seen, "changed")
    page.locator("#model-ARTICLES").get_by_role("link", name="See the rows").click()
    row = page.locator("tr.update").first
    expect(row.locator("td.differs")).to_have_count(2)
    expect(row.locator("del").first).to_have_text("16.50")
    expect(row.locator("ins").first).to_have_text("17.50")
    page.get_by_role("link", name=re.compile("^Inserted")).click()
    expect(page.get_by_text("No rows of this kind.")).to_be_visible()


def test_of_rows_with_many_columns_those_that_changed_are_shown_first(serve: Callable[..., Site], page: Page) -> None:
    names = [f"c{number}" for number in range(60)]
    site = serve(WIDE)
    show = site.show
    show.sql(f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {', '.join(names)}); INSERT INTO wide (id) VALUES (1), (2)")
    show.run("wide")
    show.sql("UPDATE wide SET c41 = 'new' WHERE id = 2")
    run = show.run("wide")
    page.goto(f"{site.url}/settings/syncs/{run.id}/changes/WIDE")
    heads = page.locator(".rows thead th")
    assert heads.all_inner_texts()[1:-1] == ["id", "c41"]
    page.get_by_role("link", name="Show all 61 columns").click()
    expect(heads).to_have_count(63)
    page.get_by_role("link", name="Show only the key and what differs").click()
    expect(heads).to_have_count(4)
    page.get_by_role("link", name="Journey of this row").click()
    expect(page.locator(".event").first.locator("th")).to_have_text(["id", "c41"])


def test_a_file_that_is_no_longer_kept_is_not_offered(site: Site, page: Page) -> None:
    run = site.show.run()
    page.goto(f"{site.url}/settings/syncs/{run.id}")
    expect(page.locator(".files a")).to_have_count(1)
    (made,) = site.show.folder.glob(".syncline/storage/files/shop/shop/ARTICLES/versions/*.csv")
    made.unlink()
    page.reload()
    expect(page.locator(".files")).to_contain_text("no longer kept")
    assert page.locator(".files a").count() == 0


def test_the_errors_of_many_models_are_told_once_each(serve: Callable[..., Site], page: Page) -> None:
    site = serve(MANY)
    run = site.show.run("many")
    page.goto(f"{site.url}/settings/syncs/{run.id}")
    rows = page.locator("tr[id^=model-]")
    expect(rows).to_have_count(40)
    expect(rows.last).to_contain_text("there is no table `t39`")
    assert "`t39`" not in page.locator("section[aria-labelledby=why]").inner_text()
    page.get_by_text("35 more").click()
    expect(page.get_by_text("M39 failed in the step")).to_be_visible()


def test_a_sync_says_what_it_was_asked_for(site: Site, page: Page) -> None:
    run = site.show.run(request=Request.parse({"full_sync": True, "data_models_to_sync": ["ORDERS"]}))
    page.goto(f"{site.url}/settings/syncs/{run.id}")
    expect(page.locator(".facts")).to_contain_text("everything, of ORDERS")


def test_a_long_changeset_is_read_page_by_page(seen: Site, page: Page) -> None:
    page.goto(f"{seen.url}/settings/syncs/{seen.runs['first'].id}/changes/ARTICLES")
    ids: list[str] = []
    while True:
        ids += page.locator(".rows tbody tr td:nth-child(2)").all_inner_texts()
        if not page.get_by_role("link", name="Next").count():
            break
        with page.expect_navigation():
            page.get_by_role("link", name="Next").click()
    assert sorted(map(int, ids)) == list(range(1, 121))


def test_what_comes_from_rows_is_text_and_never_markup(seen: Site, page: Page) -> None:
    page.goto(f"{seen.url}/settings/syncs/{seen.runs['changed'].id}/changes/ORDERS")
    expect(page.locator("ins", has_text='<b>Ann</b> & "Bo"')).to_be_visible()
    assert page.locator("td b").count() == 0


@pytest.mark.promise("P1.5")
def test_p1_5_rejected_rows_are_grouped_by_reason_and_tried_again(site: Site, page: Page) -> None:
    show = site.show
    show.run()
    show.sql("UPDATE article SET stock = 'many', updated_at = '2026-01-07 10:00:00' WHERE id IN (11, 12)")
    bad = show.run()
    page.goto(f"{site.url}/settings/syncs/{bad.id}")
    entry = page.locator("tr[id^=entry-]")
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text("rejected")
    expect(entry).to_contain_text("is not an int64")
    expect(entry).to_contain_text("11; 12")
    show.sql("UPDATE article SET stock = 3, updated_at = '2026-01-08 10:00:00' WHERE id IN (11, 12)")
    page.get_by_role("button", name="Try them again").click()
    expect(page).not_to_have_url(re.compile(bad.id))
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    expect(page.locator("#model-ARTICLES .figures")).to_contain_text("2")
    page.goto(f"{site.url}/settings/syncs/{bad.id}")
    expect(page.locator("tr[id^=entry-]")).to_contain_text("settled")


def test_a_failed_sync_says_why_and_where(seen: Site, page: Page) -> None:
    open_sync(page, seen, "failed")
    expect(page.locator("#model-ARTICLES .error")).to_contain_text("article")
    expect(page.get_by_role("heading", level=1)).to_contain_text("failed")


@pytest.mark.promise("P1.18")
def test_p1_18_a_file_can_be_downloaded_where_that_is_enabled(seen: Site, page: Page) -> None:
    open_sync(page, seen, "first")
    run = seen.runs["first"]
    plan = next(model.plan for model in run.models if model.model == "ARTICLES")
    with page.expect_download() as started:
        page.locator(".files a").click()
    assert started.value.url == f"{seen.url}/files/shop/shop/ARTICLES/versions/{plan}.csv"
    (made,) = seen.show.folder.glob(f".syncline/storage/files/shop/shop/ARTICLES/versions/{plan}.csv")
    assert started.value.path().read_bytes() == made.read_bytes()


def test_a_sync_that_goes_on_can_be_cancelled(site: Site, page: Page) -> None:
    waiting = site.show.workspace.store.schedule_run("prices", Request(), runner="test", created_by="anybody")
    page.goto(f"{site.url}/settings/syncs/{waiting.id}")
    page.get_by_role("button", name="Cancel").click()
    expect(page).to_have_url(f"{site.url}/settings/syncs/{waiting.id}")
    assert [note.action for note in site.show.workspace.people().notes()] == ["run cancelled"]
