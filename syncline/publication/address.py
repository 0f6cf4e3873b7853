"""Where a publication goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from syncline.secret import Secret

S3 = "s3://"
WORDS = ("tenant", "connection", "model")
"""What may stand in braces in an address: `s3://shop/{connection}/{model}`."""


@dataclass(frozen=True, slots=True)
class Address:
    """A folder, or a prefix in a bucket, and how one gets in.

    What is left empty comes from the environment, as the S3 tools have it (AWS_ACCESS_KEY_ID and so on).

    Args:
        url: the path of a folder, or `s3://bucket/prefix`.
        key, secret: who we are there.
        endpoint: the server, if it is not Amazon's.
        redirect: who downloads a file from us is sent on to the bucket, instead of getting it through us.
    """

    url: str
    key: str = ""
    secret: Secret = field(default=Secret(""))
    endpoint: str = ""
    region: str = ""
    redirect: bool = False

    @property
    def is_bucket(self) -> bool:
        """It is object storage, not a folder."""
        return self.url.startswith(S3)

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.url.removeprefix(S3).partition("/")[0]

    @property
    def prefix(self) -> str:
        """Where in the bucket."""
        return self.url.removeprefix(S3).partition("/")[2].strip("/")

    def of(self, names: Mapping[str, str]) -> Address:
        """The same with the words in braces filled in.

        Example:
            >>> Address("s3://shop/{model}").of({"model": "PRICES"}).url
            's3://shop/PRICES'
        """
        url = self.url
        for word in WORDS:
            url = url.replace(f"{{{word}}}", names.get(word, ""))
        return replace(self, url=url)

    def within(self, name: str) -> Address:
        """A folder in it; without a name, itself."""
        return replace(self, url=f"{self.url.rstrip('/')}/{name}") if name else self


def located(root: Path, file: str) -> str:
    """Where a file of a run lies: the names of those in the storage start at its `root`.

    Example:
        >>> located(Path("/srv"), "files/a.csv"), located(Path("/srv"), "s3://shop/a.csv")
        ('/srv/files/a.csv', 's3://shop/a.csv')
    """
    return file if file.startswith(S3) else str(root / file)
