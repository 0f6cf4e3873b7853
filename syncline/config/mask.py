"""A value as it is written, without what nobody should see."""

from __future__ import annotations

import re

import yaml

from syncline.secret import masked

_HIDDEN = "***"
_SENSITIVE = re.compile(r"pass|pwd|secret|token|credential|auth|cookie|signature|(?:key|sig)$", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{(?:env|file):[^}]+\}")
_LOGIN = re.compile(r"(?<=://).*@", re.DOTALL)


def shown(raw: yaml.Node, name: str = "", *, hidden: bool = False) -> str:
    """What is written, on one line; of a value that is `hidden` or has a telling `name`, only where it comes from.

    Example:
        >>> shown(yaml.compose("{url: 'db://me:word@host/shop?pin=1', token: word, key: '${env:KEY}', rows: [1, 2]}"))
        '{url: db://***@host/shop?pin=***, token: ***, key: ${env:KEY}, rows: [1, 2]}'
    """
    if isinstance(raw, yaml.MappingNode):
        pairs = (f"{key.value}: {shown(value, str(key.value), hidden=hidden)}" for key, value in raw.value)
        return f"{{{', '.join(pairs)}}}"
    if isinstance(raw, yaml.SequenceNode):
        return f"[{', '.join(shown(item, name, hidden=hidden) for item in raw.value)}]"
    text = " ".join(str(raw.value).split())
    if _REFERENCE.fullmatch(text):
        return text
    if hidden or _SENSITIVE.search(name):
        return _HIDDEN
    return masked(_LOGIN.sub(f"{_HIDDEN}@", text))
