"""The way from a sync to its run in Prefect's own page, for who may go it."""

import signal
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from syncline.people import Role
from syncline.workspace import Workspace
from tests.edge.with_prefect.served import CONNECTION, Served

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]
PASSWORD = "correct horse battery"
WAY = "open it in Prefect"


def log_in(page: Page, email: str, way: str) -> None:
    page.context.clear_cookies()
    page.goto(way)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(way)


def test_a_system_admin_goes_from_a_sync_to_its_run_in_prefect_and_nobody_else(
    tmp_path: Path, chromium: Browser
) -> None:
    (tmp_path / "connections").mkdir()
    (tmp_path / "connections" / "tools.yaml").write_text(CONNECTION.format(model="ORDERS", more=""))
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.executescript("create table orders (id integer primary key); insert into orders values (1)")
    workspace = Workspace.open(tmp_path)
    for email, role in (("ann@example.com", Role.SYSTEM_ADMIN), ("bob@example.com", Role.COMPANY_ADMIN)):
        workspace.people().add_user(email, role, password=PASSWORD)
    served = Served(workspace, None)
    page = chromium.new_page()
    page.set_default_timeout(30_000)
    try:
        log_in(page, "bob@example.com", f"{served.url}/connections/tools")
        page.get_by_role("button", name="Refresh").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded", timeout=60_000)
        sync = page.url
        assert page.get_by_role("link", name=WAY).count() == 0
        (run,) = workspace.store.runs()
        refused = page.goto(f"{served.url}/prefect/runs/flow-run/{run.flow_run}")
        assert refused
        assert refused.status == 403
        log_in(page, "ann@example.com", sync)
        page.get_by_role("link", name=WAY).click()
        expect(page).to_have_url(f"{served.url}/prefect/runs/flow-run/{run.flow_run}")
        expect(page.get_by_text("1 model: 1 inserted, 0 updated, 0 deleted", exact=True)).to_be_visible(timeout=60_000)
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_contain_text("tools succeeded")
    finally:
        page.close()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(40) == 0
