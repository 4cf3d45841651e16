"""From a template's text to its tree; nothing is compiled and nothing is evaluated."""

from __future__ import annotations

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import Lexer
from jinja2.parser import Parser

from lib.streaming.prompt_template.dollar_syntax import AuthorLexer, author_name
from lib.streaming.prompt_template.limits import MAX_SOURCE
from lib.streaming.prompt_template.problems import TemplateCode, refusal, shown

_ADVICE = {
    "unexpected char '$'": "Inside {{ }} and {% %} write the bare name, without ${ }.",
    "unknown tag": "Only if, for and raw are available.",
    "Missing end of comment": "A {# opens a comment that ends with #}; write {{ '{#' }} for the characters themselves.",
    "Missing end of raw": "Close {% raw %} with {% endraw %}.",
    "": "Write {{ name }} or ${name} for a value, and put text with double braces between {% raw %} and {% endraw %}.",
}


class _AuthorEnvironment(Environment):
    @property
    def lexer(self) -> Lexer:
        return AuthorLexer(self)


def parse(source: str) -> nodes.Template:
    """The tree of a template. Raises TemplateError: too large, too complex or not the language."""
    if len(source) > MAX_SOURCE:
        message = f"The template has {len(source)} characters; {MAX_SOURCE} are allowed. Bring long text in as a value."
        raise refusal(TemplateCode.TOO_LARGE, message)
    try:
        return Parser(_AuthorEnvironment(keep_trailing_newline=True), source).parse()
    except TemplateSyntaxError as wrong:
        raise refusal(TemplateCode.SYNTAX, _explained(author_name(wrong.message or "")), wrong.lineno) from None
    except (RecursionError, MemoryError):
        message = "The template is nested too deeply: use several prompts, or less logic."
        raise refusal(TemplateCode.TOO_COMPLEX, message) from None


def _explained(reason: str) -> str:
    advice = next(advice for sign, advice in _ADVICE.items() if sign in reason)
    return f"The template cannot be read: {shown(reason).rstrip('.')}. {advice}"
