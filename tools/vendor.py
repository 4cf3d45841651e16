"""Copy what the pages take from npm into the tree, or check that the copies are what the lock says.

    tools/vendor.py          after `npm ci` in tools/web: copy the files and write the locks beside them
    tools/vendor.py --check  needs neither Node nor a network: every copy and its package as locked, nothing else there

A lock holds, for each file, the package, its version, npm's sha512 of the package and ours of the file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "tools" / "web"
MODULES = WEB / "node_modules"
LOCK = "vendor.lock.json"
LICENSES = "LICENSES.txt"

PAGES = "app/web/static/vendor"
TESTS = "tests/support/vendor"

_LANGUAGES = [
    "bash",
    "css",
    "diff",
    "go",
    "java",
    "javascript",
    "json",
    "markdown",
    "python",
    "sql",
    "typescript",
    "xml",
    "yaml",
]

#: (package, file in it, folder it goes to, name there)
FILES = (
    ("htmx.org", "dist/htmx.min.js", PAGES, "htmx.js"),
    ("markdown-it", "dist/browser/markdown-it.esm.min.mjs", PAGES, "markdown-it.js"),
    ("dompurify", "dist/purify.es.mjs", PAGES, "purify.js"),
    ("remend", "dist/index.js", PAGES, "remend.js"),
    ("@highlightjs/cdn-assets", "es/core.min.js", PAGES, "highlight/core.js"),
    *(("@highlightjs/cdn-assets", f"es/languages/{one}.min.js", PAGES, f"highlight/{one}.js") for one in _LANGUAGES),
    ("axe-core", "axe.min.js", TESTS, "axe.js"),
)


class Package(NamedTuple):
    version: str
    integrity: str
    license: str


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    if not arguments:
        for folder in (PAGES, TESTS):
            copy_into(folder)
    problems = [problem for folder in (PAGES, TESTS) for problem in check(folder)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def copy_into(folder: str) -> None:
    """Copy this folder's files from `node_modules`, with their licences, and write its lock."""
    packages = locked_packages()
    entries, licenses = {}, {}
    for package, source, _, name in _files_of(folder):
        content = (MODULES / package / source).read_bytes()
        target = ROOT / folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        entries[name] = {"package": package, **packages[package]._asdict(), "file": source, "sha512": sha512(content)}
        licenses[package] = _license_text(package)
    text = "\n\n".join(f"{name}\n{'=' * len(name)}\n\n{text.strip()}" for name, text in sorted(licenses.items()))
    (ROOT / folder / LICENSES).write_text(text + "\n")
    (ROOT / folder / LOCK).write_text(json.dumps(entries, indent=2) + "\n")


def check(folder: str) -> list[str]:
    """What is wrong with the copies in a folder, each with what to do about it."""
    place = ROOT / folder
    entries = json.loads((place / LOCK).read_text())
    packages = locked_packages()
    problems = []
    for name, entry in entries.items():
        copy = place / name
        if not copy.is_file():
            problems.append(f"{folder}/{name} is missing: run `make vendor`")
        elif sha512(copy.read_bytes()) != entry["sha512"]:
            problems.append(f"{folder}/{name} was changed: run `make vendor`; what is ours lives beside it")
        package = packages.get(entry["package"])
        if package is None or (entry["version"], entry["integrity"]) != package[:2]:
            problems.append(f"{folder}/{name}: {entry['package']} is locked at another version: run `make vendor`")
    wanted = {name for *_, name in _files_of(folder)}
    problems += [f"{folder}/{name} is not in tools/vendor.py" for name in entries.keys() - wanted]
    problems += [f"{folder}/{name} is not there yet: run `make vendor`" for name in wanted - entries.keys()]
    known = {*entries, LOCK, LICENSES}
    there = (path for path in place.rglob("*") if path.is_file() and not path.name.endswith(".d.ts"))
    problems += [
        f"{path.relative_to(ROOT)} is not in its lock" for path in there if str(path.relative_to(place)) not in known
    ]
    return problems


def locked_packages() -> dict[str, Package]:
    """What `package-lock.json` says of the packages that were asked for, by name."""
    lock = json.loads((WEB / "package-lock.json").read_text())["packages"]
    asked = {**lock[""]["dependencies"], **lock[""]["devDependencies"]}
    found = {name: lock[f"node_modules/{name}"] for name in asked}
    return {name: Package(one["version"], one["integrity"], one["license"]) for name, one in found.items()}


def sha512(content: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def _files_of(folder: str) -> list[tuple[str, str, str, str]]:
    return [entry for entry in FILES if entry[2] == folder]


def _license_text(package: str) -> str:
    for path in sorted((MODULES / package).iterdir()):
        if path.name.lower().startswith(("license", "licence")):
            return path.read_text()
    name: str = json.loads((MODULES / package / "package.json").read_text())["license"]
    return f"Licensed under {name}; the package carries no text of it."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
