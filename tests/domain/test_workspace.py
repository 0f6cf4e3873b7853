"""A workspace: its settings, its connections, and where it keeps its things."""

from pathlib import Path

import pytest

from syncline.config import load_settings
from syncline.connection import Limits
from syncline.errors import ConfigError
from syncline.workspace import Workspace
from tests.domain.shelf import with_model


def test_settings_of_the_workspace_are_limits_for_all(tmp_path: Path, shelf: None) -> None:
    file = tmp_path / "syncline.yaml"
    file.write_text("tenant: acme\ndefaults: {limits: {at_least: 100}}\ndatabase: 'sqlite:///runs.db'\n")
    settings = load_settings(file)
    assert (settings.tenant, settings.database) == ("acme", "sqlite:///runs.db")
    (tmp_path / "connections").mkdir()
    (tmp_path / "connections" / "shop.yaml").write_text(with_model("{from: a}"))
    assert Workspace.open(tmp_path).connection("shop").models[0].limits == Limits(at_least=100)


def test_settings_may_be_commented_out(tmp_path: Path) -> None:
    file = tmp_path / "syncline.yaml"
    file.write_text("# tenant: acme\n")
    assert load_settings(file).tenant == "default"
    file.write_text("tennant: acme\n")
    with pytest.raises(ConfigError, match="did you mean `tenant`"):
        load_settings(file)


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path, shelf: None) -> None:
    folder = tmp_path / "connections"
    folder.mkdir()
    (folder / "good.yaml").write_text(with_model("{from: a}"))
    (folder / "bad.yaml").write_text("modles: {}\n")
    (folder / "zwin.yaml").write_text("connection: good\n" + with_model("{from: a}"))
    workspace = Workspace.open(tmp_path)
    assert list(workspace.connections) == ["good"]
    with pytest.raises(ConfigError, match="modles"):
        workspace.connection("bad")
    with pytest.raises(ConfigError, match=r"known are bad, good"):
        workspace.connection("goood")
    assert "declared in connections/good.yaml:1 as well" in str(workspace.errors["zwin.yaml"])


def test_the_workspace_is_found_from_a_folder_within_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ws" / "connections").mkdir(parents=True)
    (tmp_path / "ws" / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "ws" / "deep" / "er")
    assert Workspace.open().folder == tmp_path / "ws"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="syncline init"):
        Workspace.open()
    monkeypatch.setenv("SYNCLINE_WORKSPACE", str(tmp_path / "ws"))
    assert Workspace.open().folder == tmp_path / "ws"
    with pytest.raises(ConfigError, match="is no workspace"):
        Workspace.open(tmp_path)
    with pytest.raises(ConfigError, match="there is no folder"):
        Workspace.open(tmp_path / "nowhere")


def test_what_syncline_keeps_lies_in_a_folder_that_git_ignores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "connections").mkdir()
    workspace = Workspace.open(tmp_path)
    assert workspace.storage.root == tmp_path / ".syncline" / "storage"
    assert (tmp_path / ".syncline" / ".gitignore").read_text() == "*\n"
    monkeypatch.setenv("SYNCLINE_STORAGE_URL", f"file://{tmp_path}/a%20b")
    assert Workspace.open(tmp_path).storage.root == tmp_path / "a b"
    monkeypatch.setenv("SYNCLINE_STORAGE_URL", "elsewhere")
    assert Workspace.open(tmp_path).storage.root == tmp_path / "elsewhere"
    monkeypatch.setenv("SYNCLINE_STORAGE_URL", "s3://bucket")
    with pytest.raises(ConfigError, match="not there yet"):
        _ = Workspace.open(tmp_path).storage


def test_a_folder_whose_name_no_database_address_can_have_is_refused(tmp_path: Path) -> None:
    (tmp_path / "why?" / "connections").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"has a \? in its name"):
        Workspace.open(tmp_path / "why?")
