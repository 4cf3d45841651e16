"""What a Markdown editor made of a prompt, read back to what its author typed."""

from __future__ import annotations

import re

# A run of backslashes goes as a whole: stripping one of them per pass would leave a form the next pass decodes again.
# The look-behind and the possessive quantifier keep a long run of backslashes linear.
_ESCAPED = re.compile(r"(?<!\\)(?:\\*+&(?:amp;)?#(?:x24|36);|\\++([${}_]))")


def decode_editor_escapes(text: str) -> str:
    r"""Undo the editor's escapes of the characters that make a placeholder, in one pass; decoding twice changes nothing.

    Decoded: `&#x24;`, `&#36;` and both with `&amp;` to `$`; `\$`, `\{`, `\}`, `\_` to the bare character. Every
    backslash that stands directly before one of these goes with it, so the result does not depend on how often
    a text was saved. Any other entity (`&#0;`, `&amp;lt;`, `&#X24;`) stays as it is.
    """
    return _ESCAPED.sub(lambda found: found[1] or "$", text)
