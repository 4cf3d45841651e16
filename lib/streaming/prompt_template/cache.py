"""Templates already compiled, the least recently used ones forgotten."""

from __future__ import annotations

import threading
from collections import OrderedDict

from lib.streaming.prompt_template.template import Template, compile_template


class TemplateCache:
    """Compiles a source once and keeps it: at most so many templates, at most so many characters of source.

    Threads may share it.
    """

    def __init__(self, templates: int = 256, characters: int = 4_000_000) -> None:
        self._most_templates = templates
        self._most_characters = characters
        self._kept: OrderedDict[str, Template] = OrderedDict()
        self._characters = 0
        self._lock = threading.Lock()

    def template(self, source: str) -> Template:
        """The compiled source. Raises TemplateError; a refused source is not kept."""
        with self._lock:
            if (kept := self._kept.get(source)) is not None:
                self._kept.move_to_end(source)
                return kept
        compiled = compile_template(source)
        with self._lock:
            if source not in self._kept:
                self._kept[source] = compiled
                self._characters += len(source)
                self._forget()
        return compiled

    def __contains__(self, source: str) -> bool:
        return source in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def _forget(self) -> None:
        while len(self._kept) > self._most_templates or self._characters > self._most_characters:
            source, _ = self._kept.popitem(last=False)
            self._characters -= len(source)
