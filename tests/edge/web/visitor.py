"""A person at a browser: fills in the forms of pages."""

import re
from dataclasses import dataclass

from httpx import Response
from starlette.testclient import TestClient

PASSWORD = "correct horse battery"


@dataclass
class Browser:
    client: TestClient

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(path, headers={"Accept": "text/html", **headers})

    def csrf(self, page: str) -> str:
        found = re.search(r'name="csrf" value="(\w+)"', self.get(page).text)
        assert found, page
        return found[1]

    def send(self, path: str, page: str, **fields: str) -> Response:
        """Fill in the form on a page and send it."""
        return self.client.post(path, data={"csrf": self.csrf(page), **fields}, headers={"Accept": "text/html"})

    def log_in(self, email: str, password: str = PASSWORD, **fields: str) -> Response:
        return self.send("/login", "/login", email=email, password=password, **fields)
