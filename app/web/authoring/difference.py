"""What differs between two lists of lines, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from enum import StrEnum

import msgspec

#: Unchanged lines that are shown around a change.
CONTEXT = 3
#: Beyond these the comparison may take longer than it is worth: common lines are left aside, words are not compared.
EXACT_LINES = 2000
EXACT_CHARACTERS = 4000


class Mark(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"
    LEFT_OUT = "left_out"


class Piece(msgspec.Struct, frozen=True):
    """A stretch of a line; `is_changed` if the line it is compared with has it otherwise."""

    text: str
    is_changed: bool = False


class Row(msgspec.Struct, frozen=True):
    """A line; `before` and `after` are its numbers, from 1. Of `LEFT_OUT` rows the text says how many lines they are."""

    mark: Mark
    before: int | None
    after: int | None
    pieces: tuple[Piece, ...]


def difference(before: Sequence[str], after: Sequence[str]) -> list[Row]:
    """Changes with a few lines around each; no rows if nothing differs."""
    if list(before) == list(after):
        return []
    is_long = len(before) + len(after) > EXACT_LINES
    groups = SequenceMatcher(None, before, after, autojunk=is_long).get_grouped_opcodes(CONTEXT)
    rows: list[Row] = []
    end = 0
    for group in groups:
        rows += _left_out(group[0][1] - end)
        for tag, first, last, start, stop in group:
            rows += _rows(tag, before, after, (first, last, start, stop))
        end = group[-1][2]
    return rows + _left_out(len(before) - end)


def _left_out(count: int) -> list[Row]:
    text = f"{count} unchanged line{'' if count == 1 else 's'}"
    return [Row(Mark.LEFT_OUT, None, None, (Piece(text),))] if count > 0 else []


def _rows(tag: str, before: Sequence[str], after: Sequence[str], span: tuple[int, int, int, int]) -> Iterator[Row]:
    first, last, start, stop = span
    if tag == "equal":
        for offset, line in enumerate(before[first:last]):
            yield Row(Mark.SAME, first + offset + 1, start + offset + 1, (Piece(line),))
        return
    # As many lines on both sides were most likely edited one by one: then the words that differ are marked.
    paired = last - first == stop - start
    for offset in range(last - first):
        line = before[first + offset]
        other = after[start + offset] if paired else None
        yield Row(Mark.REMOVED, first + offset + 1, None, _pieces(line, other))
    for offset in range(stop - start):
        line = after[start + offset]
        other = before[first + offset] if paired else None
        yield Row(Mark.ADDED, None, start + offset + 1, _pieces(line, other))


def _pieces(line: str, other: str | None) -> tuple[Piece, ...]:
    if other is None or len(line) + len(other) > EXACT_CHARACTERS:
        return (Piece(line),)
    words, others = _words(line), _words(other)
    blocks = SequenceMatcher(None, words, others, autojunk=False).get_opcodes()
    found = [Piece("".join(words[i:j]), tag != "equal") for tag, i, j, _, _ in blocks if j > i]
    return tuple(found) or (Piece(line),)


def _words(line: str) -> list[str]:
    """Words with the space after them."""
    words: list[str] = []
    for char in line:
        if words and (char.isspace() or not words[-1][-1].isspace()):
            words[-1] += char
        else:
            words.append(char)
    return words
