"""The data directory, and the secret key that is kept in it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from app.settings.problems import SettingProblem, SettingsError

KEY_FILE = "secret_key"
KEY_CHARS = 32
VARIABLE = "AA_DATA_DIR"

_RIGHT = "right: a directory this user can write"


def problems_with(data_dir: Path) -> Iterator[SettingProblem]:
    """What will keep the directory from being used, found without making anything."""
    there = next(path for path in (data_dir, *data_dir.absolute().parents) if path.exists())
    if not there.is_dir():
        yield SettingProblem(VARIABLE, str(data_dir), f"{there} is no directory", _RIGHT)
    elif not os.access(there, os.W_OK | os.X_OK):
        yield SettingProblem(VARIABLE, str(data_dir), f"{there} cannot be written", _RIGHT)


def prepare(data_dir: Path, secret_key: str | None) -> str:
    """Make the directory, for its owner only, and return the secret key to use. Raises `SettingsError`.

    A key that is not given is read from the directory, or made there (256 bits, mode 0600).
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return secret_key or _kept_key(data_dir / KEY_FILE)
    except (OSError, UnicodeDecodeError) as error:
        wrong = str(getattr(error, "strerror", None) or error).lower()
        raise SettingsError([SettingProblem(VARIABLE, str(data_dir), wrong, _RIGHT)]) from error


def _kept_key(path: Path) -> str:
    if not path.exists():
        _make_key(path)
    key = path.read_text(encoding="ascii").strip()
    if path.stat().st_mode & 0o077:
        raise SettingsError([SettingProblem(str(path), None, "others can read it", f"chmod 600 {path}")])
    if len(key) < KEY_CHARS:
        wrong = f"it holds less than {KEY_CHARS} characters"
        raise SettingsError([SettingProblem(str(path), None, wrong, "remove it, and a new one is made")])
    return key


def _make_key(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(secrets.token_urlsafe(32) + "\n", encoding="ascii")
        # Processes that start together end up with one key: whoever links first, and only a complete one.
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
