"""The escaped forms an editor leaves in a prompt (lessons L-09 and L-40)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.streaming.prompt_decoder import decode_editor_escapes

ESCAPED_FORMS = [
    (r"\${topic}", "${topic}"),
    ("&#x24;{topic}", "${topic}"),
    ("&#36;{topic}", "${topic}"),
    ("&amp;#x24;{topic}", "${topic}"),
    ("&amp;#36;{topic}", "${topic}"),
    (r"$\{topic\}", "${topic}"),
    (r"${first\_name}", "${first_name}"),
    (r"\$\{first\_name\}", "${first_name}"),
    (r"{{result\_1}}", "{{result_1}}"),
    ("&#x24;{grade} and \\${topic}, $\\{notes\\} and ${standards}", "${grade} and ${topic}, ${notes} and ${standards}"),
]

LEFT_ALONE = [
    "",
    "Say $5 and {not a variable}.",
    "&#0; and &#x0; are no way to a NUL",
    "&#55357;&#56832;",
    "&amp;lt; &lt; &amp;amp; &quot; &#123;&#123; name &#125;&#125;",
    "&amp;amp;#36; &amp;amp;#x24;",
    "&#X24; &#x0024; &#036; &#x24 &#36",
    r"\n \\ \a \" C:\temp \frac",
]

RUNS = [
    (r"\\{name}", "{name}"),
    (r"\\\${name}", "${name}"),
    (r"\&#36;{name}", "${name}"),
    (r"\\&amp;#x24;{name}", "${name}"),
    (r"\\&lt;", r"\\&lt;"),
    (r"&\_amp;#36;", "&_amp;#36;"),
    (r"\\\n\_", r"\\\n_"),
]

PIECES = ["\\", "&", "amp;", "#36;", "#x24;", "&#36;", "&amp;#x24;", "$", "{", "}", "_", "a", "\x00", "&#0;", "\n"]
escape_heavy_text = st.lists(st.sampled_from(PIECES)).map("".join)


@pytest.mark.parametrize(("stored", "typed"), ESCAPED_FORMS)
def test_every_escaped_form_is_read_back_as_typed(stored: str, typed: str) -> None:
    assert decode_editor_escapes(stored) == typed


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_whatever_is_no_escaped_form_stays(text: str) -> None:
    assert decode_editor_escapes(text) == text


@pytest.mark.parametrize(("stored", "typed"), RUNS)
def test_a_run_of_backslashes_goes_as_a_whole_and_only_before_a_form(stored: str, typed: str) -> None:
    assert decode_editor_escapes(stored) == typed


@given(st.one_of(escape_heavy_text, st.text()))
def test_decoding_twice_is_decoding_once(text: str) -> None:
    once = decode_editor_escapes(text)
    assert decode_editor_escapes(once) == once


@given(escape_heavy_text)
def test_decoding_only_removes_backslashes_and_turns_entities_into_dollars(text: str) -> None:
    decoded = decode_editor_escapes(text)
    assert decoded.count("\x00") == text.count("\x00")
    assert len(decoded) <= len(text)
    for form in ("&#36;", "&#x24;", "&amp;#36;", "&amp;#x24;", r"\$", r"\{", r"\}", r"\_"):
        assert form not in decoded


@pytest.mark.parametrize("bomb", ["\\" * 1_000_000, "\\" * 1_000_000 + "&", "&amp;" * 200_000, "\\&#36" * 200_000])
def test_a_million_escape_characters_are_decoded_in_linear_time(bomb: str) -> None:
    started = time.thread_time()
    assert decode_editor_escapes(bomb) == bomb
    assert time.thread_time() - started < 1.0
