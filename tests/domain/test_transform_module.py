"""Modules of the user's are found beside the connections, are always fresh, and leave no trace."""

from __future__ import annotations

import sys
import wave
import wsgiref.util
from pathlib import Path

import pytest

from syncline.errors import ConfigError
from syncline.transform import Transform
from syncline.transform.module import function
from tests.domain.mill import write


def test_a_module_is_found_in_the_folder_first_and_else_where_python_looks(tmp_path: Path) -> None:
    write(tmp_path, "def f(): return 'mine'\n", "wave")
    assert function("wave:f", tmp_path)() == "mine"
    assert function("textwrap:dedent", tmp_path)("  a") == "a"
    assert sys.modules["wave"] is wave


def test_a_module_is_loaded_as_it_is_now_with_those_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "from rates import RATE\nfrom parts.more import MORE\ndef f(): return RATE + MORE\n", "shop")
    write(tmp_path, "RATE = 1\n", "rates")
    write(tmp_path, "MORE = 10\n", "parts.more")
    assert function("shop:f", tmp_path)() == 11
    assert function("shop:f", tmp_path) is function("shop:f", tmp_path)
    write(tmp_path, "RATE = 2\n", "rates")
    assert function("shop:f", tmp_path)() == 12
    write(tmp_path, "MORE = 20\n", "parts.more")
    assert function("shop:f", tmp_path)() == 22
    write(tmp_path, "def f(): return 'new'\n", "shop")
    assert function("shop:f", tmp_path)() == "new"


def test_modules_of_others_with_the_same_names_are_hidden_meanwhile(tmp_path: Path) -> None:
    write(tmp_path, "from wsgiref import util\nfrom wsgiref.more import MORE\ndef f(): return util, MORE\n", "shop")
    write(tmp_path, "util = 'mine'\n", "wsgiref.__init__")
    write(tmp_path, "MORE = 5\n", "wsgiref.more")
    before = sys.modules["wsgiref.util"]
    assert function("shop:f", tmp_path)() == ("mine", 5)
    assert sys.modules["wsgiref.util"] is before is wsgiref.util
    assert "wsgiref.more" not in sys.modules


def test_modules_of_two_folders_do_not_meet(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, f"from rates import RATE\ndef f(): return '{name}', RATE\n", "shop")
        write(tmp_path / name, f"RATE = '{name}'\n", "rates")
    assert [function("shop:f", tmp_path / name)() for name in ("one", "two", "one")] == [
        ("one", "one"),
        ("two", "two"),
        ("one", "one"),
    ]


def test_loading_leaves_no_trace(tmp_path: Path) -> None:
    write(tmp_path, "import rates\nfrom . import other\ndef f(): return other.X\n", "package.shop")
    write(tmp_path, "X = 5\n", "package.other")
    write(tmp_path, "RATE = 2\n", "rates")
    path, modules, writes = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    assert function("package.shop:f", tmp_path)() == 5
    assert sys.path == path
    assert not {name for name in set(sys.modules) - modules if name.split(".")[0] in {"rates", "package"}}
    assert not list(tmp_path.rglob("*.pyc"))
    assert sys.dont_write_bytecode == writes


def test_what_is_not_there_is_told_with_the_way_out(tmp_path: Path) -> None:
    write(tmp_path, "def clean(): pass\nNUMBER = 5\n", "shop")
    with pytest.raises(ConfigError, match=r"no module `shp` \(put shp.py into "):
        function("shp:clean", tmp_path)
    with pytest.raises(ConfigError, match=r"no module `shop.sub`"):
        function("shop.sub:clean", tmp_path)
    with pytest.raises(ConfigError, match=r"`shop` has no function `claen` \(did you mean `clean`\? it has clean"):
        function("shop:claen", tmp_path)
    with pytest.raises(ConfigError, match="has no function `NUMBER`"):
        function("shop:NUMBER", tmp_path)


def test_a_module_that_cannot_be_loaded_is_told_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "x = 1\ny = 1 / 0\n", "shop")
    with pytest.raises(ConfigError, match=r"cannot be loaded: ZeroDivisionError.*look at shop.py:5"):
        function("shop:f", tmp_path)
    write(tmp_path, "x = (\n", "shop")
    with pytest.raises(ConfigError, match=r"cannot be loaded: SyntaxError.*look at shop.py:4"):
        function("shop:f", tmp_path)
    write(tmp_path, "raise SystemExit(3)\n", "shop")
    with pytest.raises(ConfigError, match=r"cannot be loaded: SystemExit: 3.*look at shop.py:4"):
        function("shop:f", tmp_path)
    write(tmp_path, "import not_there_at_all\n", "shop")
    with pytest.raises(ConfigError, match="ModuleNotFoundError: No module named 'not_there_at_all'"):
        function("shop:f", tmp_path)


def test_the_fingerprint_is_another_one_when_the_file_changed_and_nothing_is_run_for_it(tmp_path: Path) -> None:
    transform = Transform(function="shop:f", folder=tmp_path)
    write(tmp_path, "raise SystemExit\n", "shop")
    before = transform.fingerprint()
    assert transform.fingerprint() == before
    write(tmp_path, "raise SystemExit # really\n", "shop")
    assert transform.fingerprint() != before
    with pytest.raises(ConfigError, match="no module `gone`"):
        Transform(function="gone:f", folder=tmp_path).fingerprint()
