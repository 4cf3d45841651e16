"""The data directory, and the secret key that is kept in it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from app.settings.problems import SettingProblem, SettingsError

SECRET_FILE = "secret_key"
DATA_DIR_VARIABLE = "AA_DATA_DIR"


def keep_secret_key(data_dir: Path) -> str:
    """The directory's secret key, made now (256 bits, mode 0600) if there is none. Raises `SettingsError`.

    Processes that start together end up with the same key: it is linked into place only when complete.
    """
    path = data_dir / SECRET_FILE
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise _problem(path, "others can read it", f"chmod 600 {path}")
    key = path.read_text(encoding="ascii").strip()
    if len(key) < 32:
        raise _problem(path, "it holds less than 32 characters", "remove it, and a new one is made")
    return key


def make_data_dir(data_dir: Path) -> None:
    """Make the directory if it is absent, for its owner only. Raises `SettingsError` if it cannot be written."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _problem(data_dir, _reason(error), "a directory this user can make and write") from error
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise _problem(data_dir, "it cannot be written", "a directory this user can write")


def _make(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError as error:
        raise _problem(path, _reason(error), "a directory this user can write") from error
    finally:
        draft.unlink(missing_ok=True)


def _problem(path: Path, wrong: str, right: str) -> SettingsError:
    return SettingsError([SettingProblem(DATA_DIR_VARIABLE, str(path), wrong, right)])


def _reason(error: OSError) -> str:
    return (error.strerror or "it cannot be used").lower()
