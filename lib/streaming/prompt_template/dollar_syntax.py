"""Names as authors write them, between Jinja2's lexer and its parser.

`${name}` becomes `{{ name }}`. A name may be any run of letters, digits, `_` and `-`, as in `${critique-clarity}`: there
is no arithmetic in a template, so inside an expression a hyphen between two word characters always belongs to a name.
An expression that is a single word (filters may follow) is a name whatever the word: `{{ 2024 }}` is `${2024}`.
The parser knows only identifiers; other names travel through it under an alias that `author_name` turns back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TypeAlias

from jinja2 import Environment, TemplateSyntaxError
from jinja2.lexer import Lexer

from lib.streaming.prompt_template.limits import MAX_BRACKETS, MAX_NAME, MAX_NUMBER, MAX_STRING, MAX_TOKENS
from lib.streaming.prompt_template.problems import TemplateCode, refusal

#: Line, kind, text: what Jinja2's lexer yields before it makes tokens of it.
Piece: TypeAlias = tuple[int, str, str]

# Jinja2's own patterns take 300 bytes a digit. They also see numbers in names: 8e4 in a UUID, 0x10, 1_000.
_NUMBERS = {
    "integer": re.compile(r"0|[1-9]\d*+"),
    "float": re.compile(r"(?<!\.)\d++\.\d++(?:[eE][+-]?\d++)?"),
}
_DOLLAR_NAME = re.compile(r"\$\{([\w-]+)\}")
_ALIAS = re.compile(r"_name_((?:[0-9a-f]{2})+)_")
_STRING_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANT_ESCAPES = frozenset("\\'\"nrt")
_WORDS_WITH_A_MEANING = frozenset({"true", "false", "none", "True", "False", "None", "not"})
_LONGEST = {"integer": MAX_NUMBER, "float": MAX_NUMBER, "string": MAX_STRING, "name": MAX_NAME}
_SHOWN = 20
_OPENING = ("variable_begin", "block_begin")
_CLOSING = ("variable_end", "block_end")

_TOO_COMPLEX = (
    f"The template has more than {MAX_TOKENS} words and signs in its tags, or more than {MAX_BRACKETS} brackets "
    "inside each other: use several prompts, or less logic."
)


class AuthorLexer(Lexer):
    """Jinja2's lexer, reading names as authors write them and numbers in bounds."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.rules = {
            state: [rule._replace(pattern=_NUMBERS.get(str(rule.tokens), rule.pattern)) for rule in rules]
            for state, rules in self.rules.items()
        }

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[Piece]:
        pieces = author_pieces(_within_bounds(super().tokeniter(source, name, filename, state)))
        return _within_bounds(pieces)


def author_name(word: str) -> str:
    """The name an author wrote for a name in the tree, or inside one of the parser's messages."""
    return _ALIAS.sub(lambda alias: bytes.fromhex(alias[1]).decode(errors="replace"), word)


def author_pieces(pieces: Iterable[Piece]) -> Iterator[Piece]:
    raw = False
    tag: list[Piece] | None = None
    bare = False
    for piece in pieces:
        line, kind, text = piece
        if kind in _OPENING:
            yield piece
            tag, bare = [], kind == "variable_begin"
        elif kind in _CLOSING:
            yield from _tag_pieces(tag or [], bare=bare)
            yield piece
            tag = None
        elif tag is not None:
            tag.append(piece)
        elif kind == "data" and not raw:
            yield from _dollar_pieces(line, text)
        else:
            raw = kind == "raw_begin"
            yield piece
    yield from tag or []


def _dollar_pieces(line: int, text: str) -> Iterator[Piece]:
    end = 0
    for found in _DOLLAR_NAME.finditer(text):
        before = text[end : found.start()]
        yield line, "data", before
        line += before.count("\n")
        yield line, "variable_begin", "{{"
        yield from _tag_pieces([(line, "name", found[1])], bare=True)
        yield line, "variable_end", "}}"
        end = found.end()
    yield line, "data", text[end:]


def _tag_pieces(tag: list[Piece], *, bare: bool) -> Iterator[Piece]:
    pieces = [piece for piece in _joined_words(tag) if piece[1] != "whitespace"]
    alone = bare and bool(pieces) and pieces[0][1] in ("name", "integer") and (len(pieces) == 1 or pieces[1][2] == "|")
    for number, (line, kind, text) in enumerate(pieces):
        is_name = kind == "name" or (alone and number == 0)
        _check_length(line, "name" if is_name else kind, text)
        if is_name:
            yield line, "name", _spelled(text, alone=alone and number == 0)
        else:
            yield line, kind, _STRING_ESCAPE.sub(_plain_escape, text) if kind == "string" else text


def _joined_words(tag: list[Piece]) -> Iterator[Piece]:
    for wordlike, run in groupby(tag, key=_is_wordlike):
        if wordlike:
            yield from _word(list(run))
        else:
            yield from run


def _is_wordlike(piece: Piece) -> bool:
    return piece[1] in ("name", "integer") or piece[2] == "-"


def _word(run: list[Piece]) -> Iterator[Piece]:
    """One name of pieces that touch each other, with the hyphens at its ends left as signs."""
    inner = [number for number, piece in enumerate(run) if piece[2] != "-"]
    if not inner or inner[0] == inner[-1]:
        yield from run
        return
    first, last = inner[0], inner[-1] + 1
    yield from run[:first]
    yield run[first][0], "name", "".join(piece[2] for piece in run[first:last])
    yield from run[last:]


def _check_length(line: int, kind: str, text: str) -> None:
    if len(text) > _LONGEST.get(kind, len(text)):
        raise TemplateSyntaxError(f"{text[:_SHOWN]}… is too long for a {kind} in a tag", line)


def _spelled(word: str, *, alone: bool = False) -> str:
    plain = word.isidentifier() and not word.startswith("_name_")
    if plain and not (alone and word in _WORDS_WITH_A_MEANING):
        return word
    return f"_name_{word.encode().hex()}_"


def _plain_escape(escape: re.Match[str]) -> str:
    # Python's other escapes could make a NUL or half a surrogate pair; here their backslash is just a backslash.
    return escape[0] if escape[1] in _MEANT_ESCAPES else f"\\{escape[0]}"


def _within_bounds(pieces: Iterator[Piece]) -> Iterator[Piece]:
    count = brackets = 0
    for piece in pieces:
        line, kind, text = piece
        count += kind != "whitespace"
        if kind == "operator":
            brackets += (text in "([{") - (text in ")]}")
        if count > MAX_TOKENS or brackets > MAX_BRACKETS:
            raise refusal(TemplateCode.TOO_COMPLEX, _TOO_COMPLEX, line)
        yield piece
