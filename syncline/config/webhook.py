"""Who is told what becomes of runs: `webhooks:`."""

from __future__ import annotations

from typing import Any

from syncline.config import shape
from syncline.config.key import Key, Keys, nodes, shapes, values
from syncline.config.node import Node
from syncline.config.setting import resolved
from syncline.run import RunStatus
from syncline.secret import Secret
from syncline.webhook import Webhook, is_address


def _secret(node: Node) -> Secret:
    text = resolved(node)
    return text if isinstance(text, Secret) else Secret(text)


def _url(node: Node) -> Secret:
    url = _secret(node)
    return url if is_address(url.reveal()) else node.unfit("an address such as https://example.com/hook")


def _statuses(node: Node) -> tuple[str, ...]:
    return tuple(item.choice(list(RunStatus)) for item in node.items())


WEBHOOK: Keys = {
    "url": Key(_url, shape.text("Where; https://…")),
    "secret": Key(_secret, shape.text("What the messages are signed with.")),
    "connections": Key(Node.texts, shape.texts("Only runs of these; left out: of all.")),
    "statuses": Key(_statuses, shape.words("Only when runs come to these; left out: to any.", RunStatus)),
}


def _webhook(node: Node) -> Webhook:
    found: dict[str, Any] = values(nodes(node, WEBHOOK), WEBHOOK)
    for name in ("url", "secret"):
        if name not in found:
            node.wrong(f"the setting `{name}` is missing in `{node.name}`", f"add `{name}: …`")
    return Webhook(**found)


def _webhooks(node: Node) -> tuple[Webhook, ...]:
    return tuple(map(_webhook, node.items()))


_SHAPE = shape.mapping("An address that wants to be told.", shapes(WEBHOOK), ["url", "secret"])
KEY = Key(_webhooks, shape.several("Who is told what becomes of runs.", _SHAPE))
