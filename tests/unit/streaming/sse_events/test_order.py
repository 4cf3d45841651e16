"""The order rules: what may follow what, and that each break of them is told."""

from __future__ import annotations

from typing import TypeAlias

import pytest

from lib.streaming.sse_events.order import EXECUTION_ORDER, PROMPT_ORDER, OrderChecker, Phase, PromptPhase
from lib.streaming.sse_events.vocabulary import EventCode as Code

Step: TypeAlias = tuple[Code, str, int] | Code
QUEUED, STARTED, FINISHED = Code.EXECUTION_QUEUED, Code.EXECUTION_STARTED, Code.EXECUTION_FINISHED


def prompt(name: str, *codes: Code, attempt: int = 1) -> list[Step]:
    return [(code, name, attempt) for code in codes]


A_PROMPT = prompt("a", Code.PROMPT_STARTED, Code.PROMPT_DELTA, Code.PROMPT_FINISHED)
GOOD: dict[str, list[Step]] = {
    "one prompt": [QUEUED, STARTED, *A_PROMPT, FINISHED],
    "stopped in the queue": [QUEUED, FINISHED],
    "waiting": [QUEUED, Code.EXECUTION_WAITING, STARTED, Code.EXECUTION_WAITING, *A_PROMPT, FINISHED],
    "a retry": [
        QUEUED,
        STARTED,
        *prompt("a", Code.PROMPT_STARTED, Code.PROMPT_DELTA, Code.PROMPT_RETRYING),
        *prompt("a", Code.PROMPT_STARTED, Code.PROMPT_REASONING, Code.PROMPT_FINISHED, attempt=2),
        FINISHED,
    ],
    "given up between attempts": [
        QUEUED,
        STARTED,
        *prompt("a", Code.PROMPT_STARTED, Code.PROMPT_RETRYING, Code.PROMPT_FINISHED),
        FINISHED,
    ],
    "two prompts together": [
        QUEUED,
        STARTED,
        (Code.PROMPT_STARTED, "a", 1),
        (Code.PROMPT_STARTED, "b", 1),
        (Code.PROMPT_DELTA, "b", 1),
        (Code.PROMPT_DELTA, "a", 1),
        (Code.PROMPT_FINISHED, "a", 1),
        Code.WARNING,
        (Code.PROMPT_FINISHED, "b", 1),
        FINISHED,
    ],
    "skipped": [QUEUED, STARTED, (Code.PROMPT_FINISHED, "a", 1), FINISHED],
}
BAD: dict[str, tuple[list[Step], str]] = {
    "no queued": ([STARTED, FINISHED], "EXECUTION_STARTED at 1"),
    "two terminals": ([QUEUED, FINISHED, FINISHED], "EXECUTION_FINISHED at 3"),
    "event after the terminal": ([QUEUED, FINISHED, Code.WARNING], "WARNING at 3"),
    "no terminal": ([QUEUED, STARTED], "the stream ends while the execution is running"),
    "nothing at all": ([], "the stream ends while the execution is new"),
    "delta before its prompt": ([QUEUED, STARTED, (Code.PROMPT_DELTA, "a", 1)], "while prompt a is idle"),
    "prompt before the start": ([QUEUED, (Code.PROMPT_STARTED, "a", 1)], "PROMPT_STARTED at 2"),
    "delta after the prompt": (
        [QUEUED, STARTED, *A_PROMPT, (Code.PROMPT_DELTA, "a", 1)],
        "PROMPT_DELTA at 6 while prompt a is ended",
    ),
    "prompt without an end": ([QUEUED, STARTED, (Code.PROMPT_STARTED, "a", 1), FINISHED], "prompts without an end: a"),
    "attempt skipped": (
        [QUEUED, STARTED, *prompt("a", Code.PROMPT_STARTED, attempt=2)],
        "attempt 2 of prompt a at 3 follows 0",
    ),
    "restart without retrying": (
        [QUEUED, STARTED, *prompt("a", Code.PROMPT_STARTED), *prompt("a", Code.PROMPT_STARTED, attempt=2)],
        "PROMPT_STARTED at 4 while prompt a is streaming",
    ),
    "delta of a void attempt": (
        [
            QUEUED,
            STARTED,
            *prompt("a", Code.PROMPT_STARTED, Code.PROMPT_RETRYING),
            *prompt("a", Code.PROMPT_STARTED, attempt=2),
            *prompt("a", Code.PROMPT_DELTA, attempt=1),
        ],
        "PROMPT_DELTA of attempt 1 at 6 while prompt a is at 2",
    ),
    "prompt event without a prompt": ([QUEUED, STARTED, (Code.PROMPT_DELTA, "", 1)], "without an id"),
}


def checked(steps: list[Step]) -> list[str]:
    checker = OrderChecker()
    for seq, step in enumerate(steps, 1):
        code, name, attempt = step if isinstance(step, tuple) else (step, "", 0)
        checker.feed(seq, code, name or None, attempt)
    return checker.finish()


@pytest.mark.parametrize("name", GOOD)
def test_a_legal_run_has_no_problems(name: str) -> None:
    assert checked(GOOD[name]) == []


@pytest.mark.parametrize("name", BAD)
def test_each_break_is_told(name: str) -> None:
    steps, problem = BAD[name]
    assert any(problem in told for told in checked(steps))


@pytest.mark.parametrize("seqs", [(2,), (1, 1), (1, 3), (1, 0)])
def test_numbers_run_from_one_without_a_gap(seqs: tuple[int, ...]) -> None:
    checker = OrderChecker()
    for seq in seqs:
        checker.feed(seq, QUEUED if seq == seqs[0] else Code.EXECUTION_WAITING)
    assert any("follows" in problem for problem in checker.problems)


def test_nothing_follows_an_end() -> None:
    assert not [move for move in EXECUTION_ORDER if move[0] is Phase.ENDED]
    assert not [move for move in PROMPT_ORDER if move[0] is PromptPhase.ENDED]


def test_every_type_has_its_place() -> None:
    assert {code for _, code in EXECUTION_ORDER} == set(Code)
