"""The service as a person meets it: in Chromium, with nothing between."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from syncline.people import Scope
from syncline.web.application import create
from tests.edge.browser.showcase import Showcase

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Site:
    """The service, its address, and what its pages complained of."""

    show: Showcase
    url: str
    runs: dict[str, Any] = field(default_factory=dict)


@contextmanager
def serving(show: Showcase, port: int = 0) -> Iterator[Site]:
    """The pages of a workspace, open to this machine, on this port or a free one."""
    app = create(show.workspace, starter=show.starter, may_be_open=True)
    listening = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield Site(show, f"http://127.0.0.1:{listening.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(10)
        show.workspace.store.close()  # type: ignore[attr-defined]


def found_browser() -> str:
    """Where Chromium lies; a test that needs it is left out where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    return pytest.skip(f"no browser is installed here: one of {', '.join(NAMES)}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser, closed after each file: while one is open its event loop is that of the thread all tests share."""
    path = found_browser()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that has seen everything; to be looked at only."""
    found_browser()
    show = Showcase(tmp_path_factory.mktemp("seen"))
    with serving(show) as site:
        site.runs = show.lives()
        show.workspace.people().create_key("nightly", [Scope.SYNC_READ])
        yield site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site on which nothing has happened yet."""
    found_browser()
    with serving(Showcase(tmp_path)) as site:
        yield site


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Serves a workspace of these connections until the page is closed: ask for it before `page`."""
    found_browser()
    with ExitStack() as stack:
        yield lambda *connections: stack.enter_context(serving(Showcase(tmp_path, *connections)))


def stop_time(page: Page) -> None:
    """From now on no time goes by on this page, except by `page.clock.run_for`."""
    now = datetime.now(UTC)
    page.clock.install(time=now)
    page.clock.pause_at(now + timedelta(seconds=1))


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that must not complain: an error in its console fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []
