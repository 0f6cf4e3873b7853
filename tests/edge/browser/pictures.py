"""Takes the pictures of docs/pages.md anew.

    python -m tests.edge.browser.pictures

Needs Chromium, as the tests beside it do.
"""

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from syncline.people import Role
from tests.edge.browser.conftest import Site, found_browser, serving
from tests.edge.browser.showcase import Showcase

FOLDER = Path(__file__).parents[3] / "docs" / "pages"
PASSWORD = "correct horse battery"
PICTURES = {
    "overview": ("/", "light", 480),
    "syncs": ("/settings/syncs", "light", 560),
    "syncs-dark": ("/settings/syncs", "dark", 460),
    "sync": ("/settings/syncs/{withheld}", "light", 760),
    "changes": ("/settings/syncs/{changed}/changes/ARTICLES", "dark", 400),
    "connection": ("/connections/shop", "light", 620),
    "journey": ("/connections/shop/ARTICLES/journey?key=11", "light", 560),
}


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Showcase(Path(folder) / "shop")) as site,
        sync_playwright() as play,
    ):
        site.runs = _lived(site)
        browser = play.chromium.launch(executable_path=found_browser(), args=["--no-sandbox"])
        page = browser.new_page(locale="en-GB", timezone_id="Europe/Paris")
        _log_in(page, site)
        for name, (path, scheme, height) in PICTURES.items():
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.set_viewport_size({"width": 1280, "height": height})
            page.goto(site.url + path.format(**{what: run.id for what, run in site.runs.items()}))
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


def _log_in(page: Page, site: Site) -> None:
    site.show.workspace.people().add_user("ann@example.com", Role.COMPANY_ADMIN, password=PASSWORD)
    page.goto(f"{site.url}/login")
    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{site.url}/")


def _lived(site: Site) -> dict[str, object]:
    """A day in the life of the shop: what happens in a minute here is spread over the hours before now."""
    show = site.show
    for number in range(14):
        when = f"2026-01-05 {10 + number // 2}:{number % 2 * 30:02d}:00"
        where = f"id BETWEEN {number * 5} AND {number * 5 + number * number % 23}"
        show.sql(f"UPDATE article SET price = price + 0.5, updated_at = '{when}' WHERE {where}")
        show.run(("shop", "prices", "shop")[number % 3])
    runs: dict[str, object] = dict(show.lives())
    now = datetime.now(UTC)
    with closing(sqlite3.connect(show.folder / ".syncline" / "store.db")) as store, store:
        found = store.execute("SELECT id, created_at, started_at, ended_at FROM syncline_run ORDER BY created_at DESC")
        for number, (id, created, *times) in enumerate(found.fetchall()):
            wanted = now - timedelta(minutes=4 + 41 * number)
            shift = wanted.replace(tzinfo=None) - datetime.fromisoformat(created)
            moved = [_text(datetime.fromisoformat(time) + shift) for time in (created, *times)]
            change = "UPDATE syncline_run SET created_at = ?, started_at = ?, ended_at = ? WHERE id = ?"
            store.execute(change, (*moved, id))
            of_model = "UPDATE syncline_model_run SET created_at = ?, started_at = ?, ended_at = ? WHERE run = ?"
            store.execute(of_model, (*moved, id))
    return runs


def _text(when: datetime) -> str:
    return when.isoformat(sep=" ", timespec="microseconds")


if __name__ == "__main__":
    main()
