"""What a workspace says about its pages and API."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from syncline.config import shape
from syncline.config.key import Key, Keys, nodes, values, within
from syncline.config.node import Node
from syncline.config.setting import resolved
from syncline.secret import Secret


@dataclass(frozen=True, slots=True)
class Oidc:
    """An identity provider that says who somebody is (OpenID Connect).

    Args:
        issuer: its address.
        client_id, client_secret: what it knows us by.
        role: what whoever it vouches for becomes; empty: nobody who is not a user already comes in.
    """

    issuer: str
    client_id: str
    client_secret: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Web:
    """Where the pages and the API are found, and who vouches for people.

    Args:
        address: where people find it, e.g. `https://sync.example.com`; empty: as they come.
        hosts: other names it answers to, beside `localhost` and addresses in figures.
        oidc: who vouches for people, beside their passwords.
        secret: what links to files are signed with; empty: one that the workspace keeps for itself.
    """

    address: str = ""
    hosts: tuple[str, ...] = ()
    oidc: Oidc | None = None
    secret: Secret = field(default=Secret(""))


def _address(node: Node) -> str:
    text = node.text().rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        node.unfit("an address such as https://sync.example.com")
    return text


def _issuer(node: Node) -> str:
    text = node.text()
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        node.unfit("an address such as https://login.example.com/realms/shop")
    return text


def _secret(node: Node) -> Secret:
    text = resolved(node)
    found = Secret(text.reveal() if isinstance(text, Secret) else text)
    return found if len(found) >= _LEAST else node.wrong(f"`{node.name}` needs {_LEAST} characters or more")


_LEAST = 32
_ROLES = ("CompanyAdmin", "Integration", "Viewer")
OIDC: Keys = {
    "issuer": Key(_issuer, shape.text("The address of the identity provider.")),
    "client_id": Key(resolved, shape.text("The name it knows Syncline by.")),
    "client_secret": Key(resolved, shape.text("The password of that name.")),
    "role": Key(
        lambda node: node.choice(_ROLES), shape.word("What whoever it vouches for becomes; left out: none.", _ROLES)
    ),
}


def _oidc(node: Node) -> Oidc:
    found = values(nodes(node, OIDC), OIDC)
    for name in ("issuer", "client_id"):
        if name not in found:
            node.wrong(f"the setting `{name}` is missing in `{node.name}`", f"add `{name}: …`")
    return Oidc(**found)


WEB: Keys = {
    "address": Key(_address, shape.text("Where people find it, e.g. https://sync.example.com.")),
    "hosts": Key(Node.texts, shape.texts("Other names it answers to.")),
    "secret": Key(
        _secret, shape.text("What links to files are signed with; left out: one is made up and kept in .syncline.")
    ),
    "oidc": within(_oidc, "Who vouches for people, beside their passwords.", OIDC),
}


def web(node: Node) -> Web:
    """The settings in a `web:` mapping."""
    return Web(**values(nodes(node, WEB), WEB))


KEY = within(web, "The pages and the API.", WEB)
