"""What one rendering may still do. Every evaluation pays here first, so no loop and no text grows past the limits."""

from __future__ import annotations

from collections.abc import Iterable

from lib.streaming.prompt_template.limits import COPIED, MAX_TEXT, MAX_WORK, VISITED
from lib.streaming.prompt_template.problems import TemplateCode, refusal


class Work:
    """An allowance that only shrinks. Raises TemplateError where it ends."""

    def __init__(self, units: int = MAX_WORK) -> None:
        self.left = units

    def spend(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            message = (
                "Rendering this template is more work than allowed: loop over fewer items, or keep filters away from "
                "very long text."
            )
            raise refusal(TemplateCode.TOO_MUCH_WORK, message)

    def make(self, characters: int) -> None:
        """Pay for a text before it is made; also refuses one that no prompt could hold."""
        if characters > MAX_TEXT:
            raise too_long()
        self.spend(characters * COPIED)

    def join(self, parts: Iterable[str], separator: str = "") -> str:
        """One text of many, paid for part by part so that an endless source of parts ends early."""
        gathered: list[str] = []
        size = -len(separator)
        for part in parts:
            self.spend(VISITED)
            size += len(part) + len(separator)
            if size > MAX_TEXT:
                raise too_long()
            gathered.append(part)
        self.make(max(size, 0))
        return separator.join(gathered)


def too_long() -> Exception:
    message = f"The rendered text passes {MAX_TEXT} characters: put in fewer or shorter values."
    return refusal(TemplateCode.OUTPUT_TOO_LARGE, message)
