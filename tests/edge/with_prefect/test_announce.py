"""What `serve` says when it is ready."""

from pathlib import Path

import pytest

from deployments.serve import announce
from syncline.workspace import Workspace

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


def said(folder: Path, capsys: pytest.CaptureFixture[str], **files: str) -> str:
    (folder / "connections").mkdir()
    for name, text in files.items():
        (folder / "connections" / f"{name}.yaml").write_text(text)
    announce(Workspace.open(folder), "http://127.0.0.1:4200/api")
    return capsys.readouterr().out


def test_a_connection_that_cannot_be_used_is_one_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(
        tmp_path,
        capsys,
        example='source: {kind: sql, url: "${env:NOT_SET_HERE}"}\nmodels: {A: {from: a, publish: {format: csv}}}\n',
    )
    assert "example: cannot be used: connections/example.yaml:1: " in told
    assert "no connections yet" not in told


def test_an_empty_workspace_is_told_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no connections yet" in said(tmp_path, capsys)


def test_a_model_that_must_not_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    end = '{kind: sql, url: "sqlite:///shop.db"}'
    told = said(tmp_path, capsys, shop=f"source: {end}\ndestination: {end}\nmodels:\n  A: {{from: a}}\n")
    assert "shop/A: cannot run: connections/shop.yaml:4: model A would write to the table it reads" in told
