from __future__ import annotations

import pytest

from bench.metrics.faults import Answer, judged

TOKEN = b"~00000000000000001 "
FAILED = b'event: execution.finished\ndata: {"type":"execution.finished","status":"failed","code":"upstream_cut"}\n\n'
COMPLETED = b'event: execution.finished\ndata: {"type":"execution.finished","status":"completed"}\n\n'


@pytest.mark.parametrize(
    ("answer", "words", "explicit"),
    [
        (Answer(500, b"{}", whole=True), "status 500", True),
        (Answer(200, TOKEN + FAILED, whole=True), "`failed`: `upstream_cut`", True),
        (Answer(200, TOKEN + COMPLETED, whole=True), "**silent success**, 1 of 12 tokens", False),
        (
            Answer(200, TOKEN + b"event: warning\ndata: {}\n\n" + COMPLETED, whole=True),
            "`completed` with a `warning`, 1 of 12 tokens",
            True,
        ),
        (Answer(200, b'data: {"type":"error","errorText":"x"}\n\ndata: [DONE]\n\n', whole=True), "error event", True),
        (Answer(200, b'data: {"error":{"message":"x"}}\n\n', whole=False), "error event, then cut", True),
        (Answer(200, TOKEN * 6 + b"data: [DONE]\n\n", whole=True), "**silent success**, 6 of 12 tokens", False),
        (Answer(200, TOKEN * 6, whole=True), "**silent end without a word**, 6 of 12 tokens", False),
        (Answer(200, TOKEN * 6, whole=False), "cut", False),
    ],
)
def test_what_a_client_was_told_is_judged_by_the_bytes_it_got(answer: Answer, words: str, explicit: bool) -> None:
    assert judged(answer) == (words, explicit)
