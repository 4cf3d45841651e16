"""Our own modules as text, the copies of libraries from npm, and what makes addresses of them."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.web.assets import Assets
from app.web.folders import STATIC

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted((STATIC / "js").rglob("*.js"))


def test_the_vendored_files_are_what_their_locks_say() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "vendor.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_imports_only_what_is_there(module: Path) -> None:
    for imported in re.findall(r"(?:from|import)\s*\(?'(\.[^']+)'", module.read_text()):
        assert (module.parent / imported).resolve().is_file(), imported


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_never_turns_text_into_markup(module: Path) -> None:
    source = module.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source)


def test_a_changed_byte_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text("1")
    before = Assets(tmp_path).version
    (tmp_path / "one.js").write_text("2")
    assert Assets(tmp_path).version != before


def test_a_packed_file_is_the_file(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text("let one = 1;\n" * 100)
    asset = Assets(tmp_path).get("one.js")
    assert asset is not None
    assert asset.packed is not None
    assert gzip.decompress(asset.packed) == asset.content


def test_a_template_that_names_a_file_that_is_not_there_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        Assets(tmp_path).url("nothing.js")
