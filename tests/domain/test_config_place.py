"""Where files are published to: `to:`, `checks:`, `keep:` and `delta:`."""

from datetime import timedelta
from pathlib import Path

import pytest

from syncline import Secret
from syncline.config import clashes
from syncline.connection import Connection
from syncline.publication import Access, Address, Checks, Publication
from tests.domain.shelf import Load, complaint


def with_file(settings: str) -> str:
    return f"source: {{kind: shelf}}\nmodels: {{A: {{from: a, publish: {{format: csv, {settings}}}}}}}\n"


def made(load: Load, settings: str) -> Publication:
    (publication,) = load(with_file(settings))["A"].publish
    return publication


def test_a_file_goes_to_the_storage_is_not_empty_and_has_thirty_versions_unless_one_says_otherwise(load: Load) -> None:
    assert made(load, "") == Publication("csv", to=None, checks=Checks(may_be_empty=False, shrink=None), keep=30)


def test_a_bucket_has_an_address_and_a_secret_that_does_not_print(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SECRET", "s3same")
    to = made(load, 'to: {url: "s3://shop/a/{model}", key: me, secret: "${env:SHOP_SECRET}", region: r}').to
    assert to == Address("s3://shop/a/{model}", "me", Secret("s3same"), "", "r")
    assert (to.bucket, to.of({"model": "A"}).prefix, "s3same" in repr(to)) == ("shop", "a/A", False)


def test_a_folder_is_one_of_the_workspace(load: Load, tmp_path: Path) -> None:
    to = made(load, "to: out/feeds").to
    assert to is not None
    assert Path(to.url).is_absolute()
    assert to.url.endswith("/out/feeds")


def test_versions_are_kept_by_number_or_by_time(load: Load) -> None:
    assert (made(load, "keep: 5").keep, made(load, "keep: 90d").keep) == (5, timedelta(days=90))


def test_a_file_is_for_who_has_a_key_unless_one_says_otherwise(load: Load) -> None:
    wanted = [("", Access.KEY), ("access: key", Access.KEY), ("access: signed", Access.SIGNED)]
    assert [made(load, said).access for said, _ in wanted] == [access for _, access in wanted]
    to = made(load, "to: {url: s3://shop, redirect: yes}").to
    assert to is not None
    assert to.redirect


def test_checks_and_deltas_are_chosen(load: Load) -> None:
    chosen = made(load, "checks: {empty: allow, shrink: 50%}, delta: true")
    assert (chosen.checks, chosen.delta) == (Checks(may_be_empty=True, shrink=0.5), True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("to: ftp://a/b", "a folder or to s3://bucket/prefix"),
        ("to: s3://", "a folder or to s3://bucket/prefix"),
        ("to: {key: a}", "`url` is missing"),
        ("to: {url: s3://a, pass: a}", "unknown key `pass`"),
        ("checks: {empty: maybe}", "refuse, allow"),
        ("checks: {shrink: 120%}", "from 0% to 100%"),
        ("keep: 0", "1 or more"),
        ("keep: long", "a length of time"),
        ("access: all", "public, key, signed"),
        ("to: {url: out, redirect: yes}", "nobody can be sent on to a folder"),
        ("delta: perhaps", "true or false"),
        ("name: deltas", "names of our own"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(load: Load, settings: str, said: str) -> None:
    told = complaint(load, with_file(settings))
    assert said in told
    assert "shop.yaml:2" in told


def test_two_models_cannot_be_published_to_one_place(load: Load) -> None:
    def both(to: str) -> Connection:
        file = f"{{from: a, publish: {{format: csv, to: '{to}'}}}}"
        return load(f"source: {{kind: shelf}}\nmodels:\n  A: {file}\n  B: {file}\n")

    (told,) = clashes([both("s3://shop/feeds")]).values()
    assert "s3://shop/feeds is also where shop/A is published" in str(told)
    assert not clashes([both("s3://shop/feeds/{model}")])
