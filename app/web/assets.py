"""What the pages load: our own modules and sheets, and the vendored libraries, at addresses that change with them."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

_TYPES = {".js": "text/javascript", ".css": "text/css"}
#: A static import or re-export of a module of ours; what is imported by a call is wanted later, if at all.
_IMPORT = re.compile(rb"^(?:import|export)\b[^;'\"()]*'(\.[^']+)'", re.MULTILINE)
_PACKED = frozenset({".js", ".css", ".svg", ".txt", ".json"})


class Asset(msgspec.Struct, frozen=True):
    """A file as it is sent: `packed` is the same with gzip, or None where packing gains nothing."""

    content: bytes
    packed: bytes | None
    media_type: str


class Assets:
    """The files below one folder. Their version is a digest of them all, so an address never means two things.

    ES modules import each other by relative path, so one version holds for the whole folder.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = {
            path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
        }
        self._read: dict[str, Asset] = {}
        self._imports: dict[str, tuple[str, ...]] = {}
        self.version = self._digest()

    def url(self, name: str) -> str:
        """The address of a file. Raises `KeyError` if there is none: a template that names it is wrong."""
        if name not in self._paths:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    def imports(self, name: str) -> tuple[str, ...]:
        """The addresses of all modules that a module needs before it runs, nearest first. Raises `KeyError` as `url`."""
        if name not in self._imports:
            found = [name]
            for one in found:
                found += [imported for imported in self._imported(one) if imported not in found]
            self._imports[name] = tuple(map(self.url, found[1:]))
        return self._imports[name]

    def _imported(self, name: str) -> Iterator[str]:
        source = self._paths[name].read_bytes()
        return (
            posixpath.normpath(posixpath.join(posixpath.dirname(name), path.decode()))
            for path in dict.fromkeys(_IMPORT.findall(source))
        )

    def get(self, name: str) -> Asset | None:
        """The file of that name, read once; None if there is none."""
        path = self._paths.get(name)
        if path is None:
            return None
        if name not in self._read:
            self._read[name] = _asset(path)
        return self._read[name]

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for name, path in self._paths.items():
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:12]


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = gzip.compress(content, mtime=0) if path.suffix in _PACKED else None
    return Asset(content, packed, media_type)
