"""Logging in with an identity provider."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from syncline.people import Role
from syncline.web.application import create
from syncline.workspace import Workspace
from tests.edge.web.provider import CLIENT, SECRET, Provider, provider
from tests.edge.web.visitor import Browser
from tests.edge.web.workspace import workspace_in

ANN = {"email": "Ann@example.com", "email_verified": True}


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Provider]:
    with provider() as running:
        yield running


@pytest.fixture
def vouching(elsewhere: Provider) -> Provider:
    elsewhere.claims, elsewhere.published = ANN, None
    return elsewhere


@pytest.fixture
def workspace(tmp_path: Path, vouching: Provider) -> Workspace:
    return place(tmp_path, vouching)


def place(folder: Path, vouching: Provider, more: str = "") -> Workspace:
    oidc = f"{{issuer: '{vouching.url}', client_id: {CLIENT}, client_secret: {SECRET}{more}}}"
    return workspace_in(folder, f"web: {{oidc: {oidc}}}\n")


def visitor(workspace: Workspace) -> Browser:
    return Browser(TestClient(create(workspace), "http://127.0.0.1", follow_redirects=False))


def sent_back(browser: Browser, way: str = "/settings/syncs") -> str:
    """Where the provider sends the browser back to."""
    there = browser.get(f"/login/oidc?next={way}")
    assert there.status_code == 303
    answer = httpx.get(there.headers["location"])
    assert answer.headers["location"].startswith("http://127.0.0.1/login/oidc/back?")
    return answer.headers["location"].removeprefix("http://127.0.0.1")


def test_who_is_vouched_for_is_in(workspace: Workspace) -> None:
    workspace.people().add_user("ann@example.com", Role.VIEWER)
    browser = visitor(workspace)
    assert "/login/oidc?next=" in browser.get("/login").text
    came = browser.get(sent_back(browser))
    assert (came.status_code, came.headers["location"]) == (303, "/settings/syncs")
    assert "ann@example.com" in browser.get("/").text


def test_who_is_not_known_stays_outside_unless_the_settings_say_otherwise(
    tmp_path: Path, workspace: Workspace, vouching: Provider
) -> None:
    browser = visitor(workspace)
    answer = browser.get(sent_back(browser))
    assert (answer.status_code, "has no account here" in answer.text) == (401, True)
    (tmp_path / "open").mkdir()
    welcoming = place(tmp_path / "open", vouching, ", role: Viewer")
    browser = visitor(welcoming)
    assert browser.get(sent_back(browser)).status_code == 303
    assert [(user.email, user.role) for user in welcoming.people().users()] == [("ann@example.com", Role.VIEWER)]


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "ann@example.com", "email_verified": False},
        {"email": "ann@example.com"},
        {"email": "ann@example.com", "email_verified": "true"},
        {},
        ANN | {"aud": "somebody else"},
        ANN | {"iss": "https://evil.example"},
        ANN | {"exp": time.time() - 3600},
        ANN | {"nonce": "another"},
    ],
)
def test_what_does_not_fit_lets_nobody_in(workspace: Workspace, vouching: Provider, claims: dict[str, Any]) -> None:
    workspace.people().add_user("ann@example.com", Role.VIEWER)
    vouching.claims = claims
    browser = visitor(workspace)
    assert browser.get(sent_back(browser)).status_code == 401
    assert browser.get("/").status_code == 303


def test_what_another_key_has_signed_lets_nobody_in(workspace: Workspace, vouching: Provider) -> None:
    workspace.people().add_user("ann@example.com", Role.VIEWER)
    vouching.published = RSAKey.generate_key(2048, {"kid": "1"})
    browser = visitor(workspace)
    assert browser.get(sent_back(browser)).status_code == 401


def test_an_answer_fits_the_browser_it_was_asked_in_and_once(workspace: Workspace) -> None:
    workspace.people().add_user("ann@example.com", Role.VIEWER)
    eve, ann = visitor(workspace), visitor(workspace)
    way = sent_back(eve)
    assert ann.get(way).status_code == 401
    sent_back(ann)
    assert ann.get(way).status_code == 401
    way = sent_back(ann)
    assert ann.get(way).status_code == 303
    assert visitor(workspace).get(way).status_code == 401


@pytest.mark.parametrize("cookie", ["zz", "00", "5b5d", "22", "6e756c6c", "ff"])
def test_a_cookie_that_is_none_of_ours_lets_nobody_in(workspace: Workspace, cookie: str) -> None:
    browser = visitor(workspace)
    browser.client.cookies.set("syncline_oidc", cookie)
    assert browser.get("/login/oidc/back?code=x&state=y").status_code == 401


def test_a_provider_that_does_not_answer_is_told(tmp_path: Path) -> None:
    workspace = place(tmp_path, Provider("http://127.0.0.1:9"))
    answer = visitor(workspace).get("/login/oidc")
    assert (answer.status_code, "did not say who you are" in answer.text) == (401, True)


def test_without_a_provider_there_is_no_way_to_it(tmp_path: Path) -> None:
    assert visitor(workspace_in(tmp_path)).get("/login/oidc").status_code == 404
