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


def test_what_a_module_imports_is_told_nearest_first_and_once(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "page.js").write_text(
        "import { a } from './a.js';\nimport {\n  b,\n} from '../b.js';\nimport('./late.js');\n"
    )
    (tmp_path / "js" / "a.js").write_text("// import './no.js';\nexport { b } from '../b.js';\nimport './c.js';\n")
    (tmp_path / "js" / "c.js").write_text("import { a } from './a.js';\n")
    (tmp_path / "b.js").write_text("export const b = 1;\n")
    assets = Assets(tmp_path)
    assert assets.imports("js/page.js") == tuple(map(assets.url, ("js/a.js", "b.js", "js/c.js")))
    assert assets.imports("b.js") == ()


def test_the_run_page_knows_of_everything_it_imports() -> None:
    told = Assets(STATIC).imports("js/run/show.js")
    assert [url for url in told if url.endswith(("/vendor/markdown-it.js", "/markdown/md-stream.js", "/js/sse.js"))]
    assert not [url for url in told if "highlight.js/" in url or "/vendor/languages" in url]
