"""How people come in and leave."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from syncline.people import Role
from syncline.store.people_session import PER_ACCOUNT
from syncline.web.application import create, greeting
from syncline.web.site import Site
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.web.visitor import PASSWORD, Browser
from tests.edge.web.workspace import workspace_in


def test_a_stranger_is_asked_to_log_in_and_goes_on_from_there(workspace: Workspace, browser: Browser) -> None:
    workspace.people().add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
    sent = browser.get("/settings/syncs?status=failed")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fsettings%2Fsyncs%3Fstatus%3Dfailed")
    page = browser.get(sent.headers["location"])
    assert 'value="/settings/syncs?status=failed"' in page.text
    came = browser.log_in("ann@example.com", next="/settings/syncs?status=failed")
    assert (came.status_code, came.headers["location"]) == (303, "/settings/syncs?status=failed")
    assert "ann@example.com" in browser.get("/").text
    assert browser.get("/login").status_code == 303


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(workspace: Workspace, browser: Browser) -> None:
    workspace.people().add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
    cookie = next(
        line for line in browser.log_in("ann@example.com").headers.get_list("set-cookie") if line[:9] == "syncline="
    )
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))


def test_by_https_the_cookie_is_for_https_only(workspace: Workspace) -> None:
    workspace.people().add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
    browser = Browser(TestClient(create(workspace), "https://127.0.0.1", follow_redirects=False))
    answer = browser.log_in("ann@example.com")
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("__Host-syncline="))
    assert "Secure" in cookie
    assert "max-age" in answer.headers["strict-transport-security"]
    assert browser.get("/").status_code == 200


def test_a_wrong_password_and_an_unknown_email_are_told_alike(workspace: Workspace, browser: Browser) -> None:
    workspace.people().add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
    wrong, unknown = browser.log_in("ann@example.com", "wrong password"), browser.log_in("eve@example.com")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    told = "The email or the password is wrong"
    assert told in wrong.text
    assert told in unknown.text
    assert browser.get("/").status_code == 303


def test_who_guesses_has_to_wait(workspace: Workspace, browser: Browser) -> None:
    workspace.people().add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
    for _ in range(PER_ACCOUNT):
        assert browser.log_in("ann@example.com", "wrong password").status_code == 401
    answer = browser.log_in("ann@example.com")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900


def test_who_logs_out_is_out(ann: Browser) -> None:
    token = ann.client.cookies["syncline"]
    assert ann.send("/logout", "/").headers["location"] == "/login"
    assert ann.get("/").status_code == 303
    ann.client.cookies.set("syncline", token)
    assert ann.get("/").status_code == 303


def test_logging_in_changes_the_token(ann: Browser) -> None:
    before = ann.client.cookies["syncline"]
    csrf = ann.csrf("/")
    ann.client.post("/login", data={"csrf": csrf, "email": "ann@example.com", "password": PASSWORD})
    assert ann.client.cookies["syncline"] != before


@pytest.mark.parametrize("csrf", ["", "0" * 64, "é", None])
def test_a_form_of_another_site_does_nothing(ann: Browser, csrf: str | None) -> None:
    fields = {} if csrf is None else {"csrf": csrf}
    assert ann.client.post("/logout", data=fields).status_code == 403
    assert ann.get("/").status_code == 200


def test_a_form_with_the_right_token_from_another_origin_does_nothing(ann: Browser) -> None:
    csrf = ann.csrf("/")
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert ann.client.post("/logout", data={"csrf": csrf}, headers=headers).status_code == 403
    assert ann.client.post("/logout", data={"csrf": csrf}, headers={"Origin": "http://127.0.0.1"}).status_code == 303


def test_the_token_of_one_visitor_is_nothing_to_another(app: FastAPI, ann: Browser) -> None:
    eve = Browser(TestClient(app, "http://127.0.0.1", follow_redirects=False))
    assert ann.client.post("/logout", data={"csrf": eve.csrf("/login")}).status_code == 403


@pytest.mark.parametrize(
    "way", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_logging_in_leads_nowhere_else(ann: Browser, way: str) -> None:
    answer = ann.send("/login", "/", email="ann@example.com", password=PASSWORD, next=way)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "evil" not in ann.get(f"/login?next={way}").headers["location"]


def test_the_first_link_makes_an_administrator_once(workspace: Workspace, browser: Browser) -> None:
    (line,) = greeting(Site(workspace, ThreadStarter(workspace)), "http://127.0.0.1:4200")
    link = line.split("http://127.0.0.1:4200")[1]
    assert browser.get(link).status_code == browser.get(link).status_code == 200
    short = browser.send(link, link, email="ann@example.com", password="short")
    assert (short.status_code, "at least 10" in short.text) == (422, True)
    assert browser.send(link, link, email="ann@example.com", password=PASSWORD).status_code == 303
    assert "SystemAdmin" in browser.get("/").text
    assert browser.get(link).status_code != 200
    assert greeting(Site(workspace, ThreadStarter(workspace))) == []


def test_a_disabled_user_is_out_with_the_next_request(workspace: Workspace, ann: Browser) -> None:
    workspace.people().disable("ann@example.com")
    assert ann.get("/").status_code == 303


def test_on_this_machine_it_is_open_until_there_is_a_user(workspace: Workspace) -> None:
    app = create(workspace, may_be_open=True)
    here = Browser(TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 5), follow_redirects=False))
    page = here.get("/")
    assert page.status_code == 200
    assert "Open: nobody has an account yet" in page.text
    away = Browser(TestClient(app, "http://127.0.0.1", client=("192.0.2.1", 5), follow_redirects=False))
    assert away.get("/").status_code == 303
    assert here.get("/", **{"X-Forwarded-For": "192.0.2.1"}).status_code == 303
    workspace.people().add_user("ann@example.com", Role.VIEWER)
    assert here.get("/").status_code == 303


def test_nothing_is_open_unless_that_is_allowed(workspace: Workspace) -> None:
    here = Browser(TestClient(create(workspace), "http://127.0.0.1", client=("127.0.0.1", 5), follow_redirects=False))
    assert here.get("/").status_code == 303


def test_names_in_the_settings_are_answered_to(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = "web: {address: 'https://sync.example.com', hosts: [inner.example]}\n"
    client = TestClient(create(workspace_in(tmp_path_factory.mktemp("named"), settings)), follow_redirects=False)
    for host, status in (
        ("sync.example.com", 303),
        ("INNER.example:4200", 303),
        ("localhost:1", 303),
        ("[::1]:4200", 303),
        ("evil.example", 400),
        ("", 400),
        ("sync.example.com@evil.example", 400),
    ):
        assert client.get("/", headers={"Host": host, "Accept": "text/html"}).status_code == status, host


def test_the_colours_are_remembered(ann: Browser) -> None:
    assert ann.send("/theme", "/", theme="dark", next="/settings/syncs").headers["location"] == "/settings/syncs"
    assert 'data-theme="dark"' in ann.get("/").text
    ann.client.cookies.set("theme", '"><script>')
    assert 'data-theme="auto"' in ann.get("/").text


def test_the_layout_leads_to_the_syncs(ann: Browser) -> None:
    page = ann.get("/").text
    top, side = page.index('class="last-update"'), page.index('class="side"')
    assert page.index('href="/settings/syncs"') > top
    assert page.rindex('href="/settings/syncs"') > page.index("<h2>Settings</h2>") > side
    assert ann.get("/settings/syncs").status_code == 200


def test_a_part_of_a_page_is_served_alone(ann: Browser) -> None:
    part = ann.get("/settings/syncs", **{"X-Fragment": "syncs"}).text
    assert "No syncs yet" in part
    assert "<html" not in part
    assert "<html" in ann.get("/settings/syncs", **{"X-Fragment": "nothing"}).text
