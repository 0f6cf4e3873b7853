"""Pages of others beneath ours."""

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from syncline.people import Role
from syncline.web.application import create
from syncline.workspace import Workspace
from tests.edge.web.visitor import PASSWORD, Browser
from tests.edge.web.workspace import key

SOCKET = "ws://127.0.0.1/other/x"


async def other(scope: Scope, receive: Receive, send: Send) -> None:
    """A page that asks nobody who they are."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})
    else:
        await PlainTextResponse(f"other {scope['path']}")(scope, receive, send)


@pytest.fixture
def client(workspace: Workspace) -> TestClient:
    return TestClient(create(workspace, annexes={"/other": other}), "http://127.0.0.1", follow_redirects=False)


def test_a_stranger_is_asked_to_log_in(client: TestClient) -> None:
    assert client.get("/other/x").status_code == 401
    page = client.get("/other/x", headers={"Accept": "text/html"})
    assert page.headers["location"] == "/login?next=%2Fother%2Fx"
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET):
        pass


def test_only_a_system_admin_comes_in(client: TestClient, workspace: Workspace) -> None:
    for role in Role:
        headers = key(workspace, role=role)
        status = 200 if role is Role.SYSTEM_ADMIN else 403
        assert client.get("/other/x", headers=headers).status_code == status, role
        assert client.post("/other/x", headers=headers).status_code == status, role


def test_a_browser_comes_in_from_our_own_pages_only(client: TestClient, workspace: Workspace) -> None:
    workspace.people().add_user("ann@example.com", Role.SYSTEM_ADMIN, password=PASSWORD)
    Browser(client).log_in("ann@example.com")
    assert client.get("/other/x").text == "other /other/x"
    with client.websocket_connect(SOCKET, headers={"Origin": "http://127.0.0.1"}):
        pass
    foreign = {"Origin": "https://evil.example"}
    assert client.post("/other/x", headers=foreign).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET, headers=foreign):
        pass


def test_another_name_opens_no_web_socket(client: TestClient, workspace: Workspace) -> None:
    headers = key(workspace, role=Role.SYSTEM_ADMIN) | {"Host": "evil.example"}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET, headers=headers):
        pass


def test_a_web_socket_by_https_knows_who_is_logged_in(workspace: Workspace) -> None:
    workspace.people().add_user("ann@example.com", Role.SYSTEM_ADMIN, password=PASSWORD)
    client = TestClient(create(workspace, annexes={"/other": other}), "https://127.0.0.1", follow_redirects=False)
    Browser(client).log_in("ann@example.com")
    with client.websocket_connect(SOCKET.replace("ws:", "wss:"), headers={"Origin": "https://127.0.0.1"}):
        pass
