"""Files that come, go, move and overlap: each is a part of its model."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from connectors.files import FilesSource
from connectors.sql import SqlSource
from syncline import Limits, ModelRun, RunResult
from syncline.sources import Combined, Part, origin
from tests.contracts.sqlite_file import execute
from tests.domain.rig import FULL, Rig

COLUMNS = pa.schema({"id": pa.int64(), "name": pa.string()})


class Folder(Rig):
    """A model of all CSV files of a folder."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        super().__init__(folder, origin="*.csv", columns=COLUMNS, limits=limits or Limits(1.0, rejected=1.0))
        self.files = folder / "in"
        self.files.mkdir()
        self.source = FilesSource(str(self.files))

    def write(self, name: str, *ids: int, value: str = "Rex") -> None:
        (self.files / name).write_text("id,name\n" + "".join(f"{number},{value}\n" for number in ids))

    def again(self) -> ModelRun:
        done = self.run()
        assert done.error == ""
        return done


def test_the_rows_of_a_file_that_is_gone_go_while_others_are_there(tmp_path: Path) -> None:
    """R7: the folder was listed, and it is not in it."""
    rig = Folder(tmp_path)
    rig.write("a.csv", 1, 2)
    rig.write("b.csv", 3)
    rig.again()
    (rig.files / "a.csv").unlink()
    assert rig.again().counts.deleted == 2
    assert set(rig.held) == {3}


def test_if_no_file_is_left_nothing_is_deleted(tmp_path: Path) -> None:
    """R7, Invariant 3: a folder that is not mounted looks like this."""
    rig = Folder(tmp_path)
    rig.write("a.csv", 1, 2)
    rig.again()
    (rig.files / "a.csv").unlink()
    assert "there is no file `*.csv`" in rig.run().error
    rig.files.rmdir()
    assert "there is no folder" in rig.run().error
    assert set(rig.held) == {1, 2}


def test_a_file_that_is_gone_passes_the_limits(tmp_path: Path) -> None:
    """R25."""
    rig = Folder(tmp_path, Limits(deleted=0.3, at_least=3))
    rig.write("a.csv", 1, 2, 3)
    rig.write("b.csv", 4)
    rig.again()
    (rig.files / "a.csv").unlink()
    done = rig.again()
    assert (done.counts.withheld, len(rig.held)) == (3, 4)


def test_a_file_of_another_name_takes_the_place_of_one_that_is_gone(tmp_path: Path) -> None:
    rig = Folder(tmp_path)
    rig.write("2024.csv", 1, 2)
    rig.again()
    (rig.files / "2024.csv").rename(rig.files / "2025.csv")
    rig.write("2025.csv", 1, 2, value="Tom")
    done = rig.again()
    assert (done.result, rig.held, rig.owed()) == (RunResult.SUCCESS, {1: "Tom", 2: "Tom"}, {})


def test_of_a_key_in_two_files_the_first_by_name_holds(tmp_path: Path) -> None:
    """R11."""
    rig = Folder(tmp_path)
    rig.write("b.csv", 1, 2, value="B")
    rig.write("a.csv", 2, 1, value="A")
    assert (rig.again().counts.rejected, rig.held) == (2, {1: "A", 2: "A"})
    (rig.files / "a.csv").unlink()
    assert (rig.again().result, rig.held) == (RunResult.SUCCESS, {1: "B", 2: "B"})


def test_a_database_and_files_are_one_model(tmp_path: Path) -> None:
    """P2.1: data of different formats in one model; each missing one is left as it was."""
    rig = Folder(tmp_path)
    rig.write("a.csv", 1)
    made = "CREATE TABLE pet (id INTEGER PRIMARY KEY, name TEXT)"
    execute(tmp_path / "shop.db", made, pet=[(2, "Kit")])
    parts = (Part("shop", "shop", "pet"), Part("files", "files", "*.csv"))
    shop = SqlSource(f"sqlite:///{tmp_path}/shop.db")
    rig.source = Combined({"shop": shop, "files": rig.source}, {origin(parts): parts})
    rig.sync = Rig(tmp_path / "x", origin=origin(parts), columns=COLUMNS).sync
    rig.again()
    assert rig.held == {1: "Rex", 2: "Kit"}
    rig.write("b.csv", 3)
    (rig.files / "a.csv").unlink()
    (tmp_path / "shop.db").rename(tmp_path / "away.db")
    done = rig.run(request=FULL)
    assert "part shop is missing this time: there is no database" in done.error
    assert rig.held == {2: "Kit", 3: "Rex"}
