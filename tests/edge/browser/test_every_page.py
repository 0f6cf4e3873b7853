"""What holds for every page: for who cannot see it well, has no script, a small or a huge screen."""

import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.edge.browser.conftest import Site

AXE = Path(__file__).parents[3] / "build" / "axe"
PAGES = {
    "overview": "/",
    "syncs": "/settings/syncs",
    "nothing fits": "/settings/syncs?q=nothing",
    "a sync": "/settings/syncs/{withheld}",
    "a failed sync": "/settings/syncs/{failed}",
    "changes": "/settings/syncs/{changed}/changes/ARTICLES",
    "a connection": "/connections/shop",
    "a journey": "/connections/shop/ARTICLES/journey?key=11",
    "waiting": "/connections/shop/ORDERS/waiting",
    "keys": "/settings/keys",
    "users": "/settings/users",
    "log in": "/login",
    "a problem": "/settings/nothing",
}
WIDTHS = (360, 768, 1280, 3840)


def address(site: Site, name: str) -> str:
    return site.url + PAGES[name].format(**{what: run.id for what, run in site.runs.items()})


@pytest.fixture(scope="session")
def axe() -> str:
    """The checks of axe-core, fetched once with npm; where that cannot be, what needs them is left out."""
    file = AXE / "node_modules" / "axe-core" / "axe.min.js"
    if not file.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("axe-core is fetched with npm, which is not installed here")
        AXE.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(AXE), "--no-save", "--ignore-scripts", "--silent", "axe-core@4"]
        fetched = subprocess.run(command, capture_output=True, timeout=50, check=False)
        if fetched.returncode or not file.exists():
            pytest.skip("axe-core could not be fetched with npm")
    return file.read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(seen: Site, chromium: Browser, axe: str, scheme: str) -> None:
    page = chromium.new_page(color_scheme=scheme)
    found = {}
    for name in PAGES:
        page.goto(address(seen, name))
        for summary in page.locator("details > summary").all():
            summary.evaluate("one => { one.parentElement.open = true; }")
        page.evaluate("document.querySelector('[popover]')?.showPopover()")
        page.evaluate(axe)
        result = page.evaluate("axe.run()")
        found[name] = [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in result["violations"]]
    page.close()
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("name", [name for name in PAGES if name != "a problem"])
def test_a_page_has_no_error_in_the_console_and_nothing_inline(seen: Site, page: Page, name: str) -> None:
    answer = page.goto(address(seen, name))
    assert answer
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert page.locator("[style], style, script:not([src]), [onclick]").count() == 0
    page.wait_for_load_state("networkidle")  # the fixture fails on any complaint


def test_a_page_fits_from_a_phone_to_4k(seen: Site, chromium: Browser) -> None:
    page = chromium.new_page()
    wide = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for name in PAGES:
            page.goto(address(seen, name))
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append((name, width))
    page.close()
    assert wide == []


def test_pages_can_be_read_and_runs_started_without_a_script(seen: Site, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    for name in PAGES:
        page.goto(address(seen, name))
        assert page.locator("h1").count() == 1, name
    page.goto(address(seen, "syncs"))
    page.locator("select[name=connection]").select_option("prices")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#syncs tbody tr")).to_have_count(3)
    assert page.get_by_role("button", name="Run synchronization").is_visible()
    page.get_by_label("Other ways to run prices").click()
    assert page.get_by_role("button", name="Synchronize from this date").is_visible()
    context.close()
