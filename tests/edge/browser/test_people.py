"""Keys and users, as an administrator deals with them."""

import re

import httpx
from playwright.sync_api import Browser, Page, expect

from syncline.people import Role
from tests.edge.browser.conftest import Site

PASSWORD = "correct horse battery"


def log_in(page: Page, site: Site, role: Role) -> None:
    site.show.workspace.people().add_user("ann@example.com", role, password=PASSWORD)
    page.goto(f"{site.url}/login")
    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_a_key_is_made_shown_once_used_and_revoked(site: Site, page: Page) -> None:
    log_in(page, site, Role.COMPANY_ADMIN)
    page.get_by_role("link", name="Keys").click()
    page.get_by_label("Name").fill("<i>etl</i>")
    page.get_by_role("button", name="Create the key").click()
    key = page.locator("code.secret").inner_text()
    asked = {"url": f"{site.url}/api/v1/connections", "headers": {"X-API-Key": key}}
    assert httpx.get(**asked).status_code == 200
    page.goto(f"{site.url}/settings/keys")
    assert key not in page.content()
    expect(page.get_by_role("row", name="<i>etl</i>")).to_contain_text("sync:read")
    revoke = page.get_by_role("button", name="Revoke <i>etl</i>")
    revoke.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="No")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(revoke).to_be_focused()
    revoke.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row", name="<i>etl</i>")).to_contain_text("revoked")
    assert httpx.get(**asked).status_code == 401


def test_a_user_is_added_comes_in_by_the_link_and_is_disabled(site: Site, page: Page) -> None:
    log_in(page, site, Role.COMPANY_ADMIN)
    page.get_by_role("link", name="Users").click()
    expect(page.get_by_role("heading", name="A new user")).to_be_visible()
    assert "SystemAdmin" not in page.get_by_label("Role").locator("option").all_inner_texts()
    page.get_by_label("Email").fill("vera@example.com")
    page.get_by_label("Role").select_option("Viewer")
    page.get_by_role("button", name="Add").click()
    link = page.locator("code.secret").inner_text()
    assert httpx.get(link).status_code == 200
    page.goto(f"{site.url}/settings/users")
    assert link not in page.content()
    page.get_by_role("button", name="New link for vera@example.com").click()
    assert httpx.get(page.locator("code.secret").inner_text()).status_code == 200
    page.get_by_role("button", name="Disable vera@example.com").click()
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(page.get_by_role("row", name=re.compile("^vera"))).to_contain_text("disabled")
    assert page.get_by_role("button", name="Disable ann@example.com").count() == 0
    expect(page.get_by_role("region", name="What was done lately")).to_contain_text("ann@example.com")


def test_what_was_typed_is_there_still_when_it_does_not_fit(site: Site, chromium: Browser) -> None:
    people, page = site.show.workspace.people(), chromium.new_page()
    people.add_user("ann@example.com", Role.COMPANY_ADMIN, password=PASSWORD)
    page.goto(f"{site.url}/login")
    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value("ann@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Keys").click()
    page.get_by_label("Name").fill("nightly")
    page.locator("input[name=expires]").evaluate("field => { field.min = ''; field.value = '2020-01-01'; }")
    page.get_by_label("push rows").check()
    page.get_by_role("button", name="Create the key").click()
    expect(page.get_by_role("alert")).to_contain_text("2020-01-01 is over")
    expect(page.get_by_label("Name")).to_have_value("nightly")
    expect(page.get_by_label("push rows")).to_be_checked()
    page.get_by_role("link", name="Users").click()
    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_label("Role").select_option("Integration")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value("ann@example.com")
    expect(page.get_by_label("Role")).to_have_value("Integration")
    page.close()


def test_the_first_user_is_an_administrator_and_comes_in_by_the_link(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/settings/users")
    assert page.get_by_label("Role").locator("option").all_inner_texts() == ["SystemAdmin"]
    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Follow this link yourself")).to_be_visible()
    link = page.locator("code.secret").inner_text()
    page.goto(site.url)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.goto(link)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_role("link", name="Users")).to_be_visible()
