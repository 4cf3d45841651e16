"""The scripted provider: answers as its table says, fails as its table says."""

from __future__ import annotations

import asyncio

import pytest

from lib.streaming.providers import scripted_faults
from lib.streaming.providers.scripted import ScriptedProvider
from lib.streaming.types import FinishReason, Usage
from tests.support.fake_clock import FakeClock, settle
from tests.support.upstream_faults import FAULTS, HANGS, Heard, bad, good, listen, request


@pytest.mark.parametrize("name", FAULTS)
async def test_each_fault_has_its_outcome(name: str) -> None:
    heard = await listen(ScriptedProvider(FakeClock()), request(f"fault-{name}"))
    assert heard.outcome() == FAULTS[name]


@pytest.mark.parametrize("name", HANGS)
async def test_a_hanging_upstream_gives_nothing_more_until_it_is_left(name: str) -> None:
    clock, heard = FakeClock(), Heard()
    task = asyncio.create_task(listen(ScriptedProvider(clock), request(f"fault-{name}"), heard))
    await clock.advance(600)
    assert not task.done()
    assert heard.text == HANGS[name]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_refused_connection_takes_as_long_as_the_connect_timeout() -> None:
    clock = FakeClock()
    task = asyncio.create_task(listen(ScriptedProvider(clock), request("fault-connect-timeout")))
    await clock.advance(4.9)
    assert not task.done()
    await clock.advance(0.2)
    assert (await task).outcome() == bad("connect_timeout")


async def test_an_answer_whose_connection_stays_open_after_its_finish_is_whole_after_two_seconds() -> None:
    clock = FakeClock()
    task = asyncio.create_task(listen(ScriptedProvider(clock), request("fault-silence-after-finish")))
    await clock.advance(1.9)
    assert not task.done()
    await clock.advance(0.2)
    assert (await task).outcome() == good()


async def test_a_wait_that_is_asked_for_as_a_date_is_told_in_seconds() -> None:
    heard = await listen(ScriptedProvider(FakeClock()), request("fault-429-after-date"))
    assert heard.failure is not None
    assert heard.failure.retry_after == pytest.approx(2.0, abs=1.0)


async def test_a_fault_can_pass_after_some_calls() -> None:
    provider = ScriptedProvider(FakeClock())
    heard = [await listen(provider, request("fault-503-times-2")) for _ in range(3)]
    assert [one.outcome() for one in heard] == [bad("upstream_overloaded")] * 2 + [good()]


async def test_no_failure_repeats_what_the_upstream_said() -> None:
    for name in ("error-object", "error-event", "401", "500", "quota", "429"):
        heard = await listen(ScriptedProvider(FakeClock()), request(f"fault-{name}"))
        assert heard.failure is not None
        assert scripted_faults.CANARY not in repr(vars(heard.failure)) + str(heard.failure)


async def test_echo_answers_with_the_prompt_a_few_words_at_a_time() -> None:
    heard = await listen(ScriptedProvider(FakeClock()), request("echo", "a  b c\nd é\u2028 "))
    assert heard.texts == ["a  b c\n", "d é\u2028 "]
    assert heard.finish is FinishReason.STOP
    assert heard.usage == Usage(5, 5, 10)


async def test_echo_of_nothing_is_an_answer_without_text() -> None:
    assert (await listen(ScriptedProvider(FakeClock()), request("echo", ""))).outcome() == good("")


async def test_an_output_limit_cuts_the_answer_and_says_so() -> None:
    heard = await listen(ScriptedProvider(FakeClock()), request("echo", "a b c d e", max_output_tokens=4))
    assert (heard.text, heard.finish) == ("a b c d ", FinishReason.LENGTH)


async def test_slow_waits_on_the_given_clock_before_each_delta() -> None:
    clock, heard = FakeClock(), Heard()
    task = asyncio.create_task(listen(ScriptedProvider(clock), request("slow-500", "a b c d"), heard))
    await clock.advance(0.4)
    assert heard.texts == []
    await clock.advance(0.2)
    assert heard.texts == ["a b c "]
    await clock.advance(0.5)
    await settle()
    assert (await task).outcome() == good("a b c d")


@pytest.mark.parametrize("kind", ["long", "burst"])
async def test_a_long_answer_has_as_many_words_as_asked_for(kind: str) -> None:
    heard = await listen(ScriptedProvider(FakeClock()), request(f"{kind}-1000"))
    assert heard.text.split() == [f"word{number}" for number in range(1, 1001)]
    assert len(heard.texts) == 1000


async def test_reasoning_comes_apart_from_the_text() -> None:
    heard = await listen(ScriptedProvider(FakeClock()), request("reasoning", "yes"))
    assert (heard.reasoning, heard.text) == ("Let me think. Done.", "yes")


@pytest.mark.parametrize("model", ["", "nothing", "fault-", "fault-nothing", "long-", "echo-3", "fault-99"])
async def test_an_unknown_model_is_told_as_such(model: str) -> None:
    heard = await listen(ScriptedProvider(FakeClock()), request(model))
    assert heard.outcome() == bad("upstream_model_not_found", final=True)


async def test_an_answer_without_pause_lets_other_tasks_run() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    await listen(ScriptedProvider(FakeClock()), request("long-500"))
    ticking.cancel()
    assert ticks >= 500


def test_every_fault_is_documented() -> None:
    documented = scripted_faults.__doc__ or ""
    for name in (*scripted_faults._HEADS, *scripted_faults._BODIES):
        assert f"`{name}`" in documented, name
