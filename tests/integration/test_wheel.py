"""What is installed from a wheel is the whole product, wherever it is started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel installed; its dependencies are those of this one."""
    environment = tmp_path_factory.mktemp("fresh") / "venv"
    uv = shutil.which("uv") or Path(sysconfig.get_path("scripts")) / "uv"
    run(uv, "venv", "--quiet", "--python", sys.executable, environment, cwd=ROOT)
    python = environment / "bin" / "python"
    run(uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel, cwd=ROOT)
    purelib = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=ROOT).strip())
    (purelib / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


def test_both_packages_load_from_where_they_were_installed_even_at_the_root_of_the_disk(installed: Path) -> None:
    ask = "import app, lib, lib.streaming; print(app.__file__); print(lib.__file__); print(lib.streaming.__file__)"
    for place in run(installed, "-c", ask, cwd=Path("/")).splitlines():
        assert place.startswith(f"{installed.parents[1]}/lib/python"), place


def test_the_wheel_holds_every_file_of_both_packages_and_the_migrations(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    packed = {
        path.relative_to(ROOT).as_posix()
        for package in ("app", "lib")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    migrations = {f"app/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "migrations").rglob("*.py")}
    assert migrations
    assert packed | migrations <= held


def test_the_wheel_holds_nothing_but_the_product(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"app", "lib", "assistant_architect"}


def test_an_installed_service_finds_its_migrations(installed: Path) -> None:
    ask = "from app.db import revision; print(*[path for path in revision._SCRIPTS if path.is_dir()])"
    assert run(installed, "-c", ask, cwd=Path("/")).strip().endswith("/app/migrations")
