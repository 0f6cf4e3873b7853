"""Who gets a published file: anybody, who has a key, or who has a link that was signed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from syncline.people import Role, Scope
from syncline.web.link import path, signed
from syncline.workspace import Workspace
from tests.edge.web.shelf import BOOKS, TEXT, Shelf, shelf_in
from tests.edge.web.visitor import PASSWORD, Browser
from tests.edge.web.workspace import key


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = shelf_in(tmp_path)
    made.publish("001", TEXT)
    return made


def test_who_may_fetch_a_file_is_configured(tmp_path: Path) -> None:
    for access, stranger, linked in (("public", 200, 200), ("key", 401, 401), ("signed", 401, 200)):
        shelf = shelf_in(tmp_path / access, f"{{format: csv, access: {access}}}")
        shelf.publish("001", TEXT)
        client, link = shelf.client(), address(shelf)
        assert client.get(f"{BOOKS}/latest.csv").status_code == stranger
        assert client.get(link).status_code == linked
        assert client.head(link).status_code == linked
        for scope, status in ((Scope.SYNC_READ, 200), (Scope.ADMIN, 200), (Scope.SYNC_WRITE, 403)):
            headers = key(shelf.workspace, scope)
            wanted = 200 if access == "public" else status
            assert client.get(f"{BOOKS}/latest.csv", headers=headers).status_code == wanted


def address(shelf: Shelf, seconds: float = 60, end: str = "latest.csv") -> str:
    whole = path("shop", "example", "BOOKS", end)
    return signed(shelf.workspace.seal, whole, datetime.now(UTC) + timedelta(seconds=seconds))


def test_a_link_holds_for_its_time_and_its_file_and_cannot_be_changed(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path, "[{format: csv, access: signed}, {format: csv, name: own, access: signed}]")
    shelf.publish("001", TEXT)
    client, link = shelf.client(), address(shelf)
    assert client.get(link).content == TEXT
    signature = link.partition("signature=")[2]
    expires = link.partition("expires=")[2].partition("&")[0]
    for wrong in (
        address(shelf, -1),
        link.replace("latest.csv", "versions/001.csv"),
        link.replace("latest.csv", "own/latest.csv"),
        link.replace("/BOOKS/", "/OTHER/"),
        link.replace(expires, str(int(expires) + 1)),
        link.replace(expires, f"0{expires}"),
        link.replace(expires, f"{expires}.0"),
        link.replace(f"expires={expires}&", ""),
        f"{link}A",
        link.replace(signature, ""),
        link.replace(signature, "%ED%A0%80é"),
        link.replace(signature, signature.swapcase()),
    ):
        answer = client.get(wrong)
        assert (answer.status_code, TEXT in answer.content) == (403, False), wrong
    assert client.get(address(shelf, end="versions/001.csv")).content == TEXT


def test_links_are_signed_with_what_the_settings_say_or_what_is_made_up_once(tmp_path: Path) -> None:
    own, other = shelf_in(tmp_path / "a"), shelf_in(tmp_path / "b")
    assert own.workspace.seal != other.workspace.seal
    assert (own.workspace.own / "seal").stat().st_mode & 0o077 == 0
    assert Workspace.open(tmp_path / "a").seal == own.workspace.seal
    told = shelf_in(tmp_path / "c", settings=f"web: {{secret: {'s3' * 16}}}\n")
    assert told.workspace.seal == b"s3" * 16
    assert "s3s3" not in repr(told.workspace.settings)


def test_a_stranger_learns_nothing_of_what_there_is(shelf: Shelf) -> None:
    stranger = shelf.client()
    ends = ["shop/example/BOOKS/latest.csv", "shop/example/BOOKS/nothing", "shop/none/BOOKS/latest.csv", "acme/a/b/c"]
    told = [stranger.get(f"/files/{end}") for end in ends]
    assert {answer.status_code for answer in told} == {401}
    assert len({answer.text for answer in told}) == 1
    junk = [stranger.get(f"/files/{end}?expires=9999999999&signature=x") for end in ends]
    assert {answer.status_code for answer in junk} == {403}
    page = stranger.get(f"{BOOKS}/latest.csv", headers={"Accept": "text/html"}, follow_redirects=False)
    assert page.headers["location"] == f"/login?next={quote(f'{BOOKS}/latest.csv', safe='')}"


def test_another_company_gets_no_file(shelf: Shelf) -> None:
    """Invariant 10."""
    client = shelf.client()
    theirs = key(shelf.workspace, tenant="acme", role=Role.COMPANY_ADMIN)
    for end in ("latest.csv", "versions/001.csv"):
        assert client.get(f"{BOOKS}/{end}", headers=theirs).status_code == 404
        assert client.get(f"/files/acme/example/BOOKS/{end}", headers=theirs).status_code == 404
    admin = key(shelf.workspace, tenant="shop", role=Role.SYSTEM_ADMIN)
    assert client.get(f"/files/acme/example/BOOKS/{end}", headers=admin).status_code == 404


def test_who_is_logged_in_downloads_with_the_browser(shelf: Shelf) -> None:
    shelf.workspace.people().add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
    browser = Browser(shelf.client())
    browser.log_in("ann@example.com")
    assert browser.get(f"{BOOKS}/latest.csv").content == TEXT
