"""The examples, run on the model they are written for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.examples import EXAMPLES, load_examples
from lib.streaming.clock import SystemClock
from lib.streaming.definition import PromptDefinition
from lib.streaming.input_check.check import check_inputs
from lib.streaming.ports.models import Finish, ModelRequest, TextDelta
from lib.streaming.prompt_processor.processor import PromptProcessor
from lib.streaming.prompt_template.cache import TemplateCache
from lib.streaming.providers.local_server import LocalModelServer
from lib.streaming.providers.openai import OpenAIProvider
from lib.streaming.types import FinishReason, Message, PromptId

pytestmark = [pytest.mark.local_model, pytest.mark.timeout(240)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenAIProvider]:
    log: Path = tmp_path_factory.mktemp("model") / "log"
    server = LocalModelServer(log)
    endpoint = await server.start()
    provider = OpenAIProvider(
        clock=SystemClock(),
        api_key=endpoint.api_key,
        base_url=endpoint.base_url,
        name="local",
        older_limit_name=True,
    )
    yield provider
    await provider.close()
    await server.stop()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=EXAMPLES)
async def test_every_prompt_ends_by_itself_with_an_answer_of_some_length(number: int, provider: OpenAIProvider) -> None:
    definition = load_examples()[number]
    sent = {field.name: text for field in definition.fields if (text := field.options.placeholder)}
    inputs, problems = check_inputs(definition, sent)
    assert problems == []
    processor, results = PromptProcessor(TemplateCache()), dict[PromptId, str]()
    for prompt in definition.in_order():
        text, reason = await answer(provider, prompt, processor.messages(definition, prompt, inputs, results))
        assert (reason, len(text.split()) > 3) == (FinishReason.STOP, True), (prompt.name, text)
        results[prompt.id] = text


async def answer(
    provider: OpenAIProvider, prompt: PromptDefinition, messages: tuple[Message, ...]
) -> tuple[str, FinishReason | None]:
    request = ModelRequest(
        model=prompt.model.partition("/")[2],
        messages=messages,
        connect_timeout=10,
        max_output_tokens=prompt.max_output_tokens,
        temperature=prompt.temperature,
    )
    text, reason = "", None
    async with provider.open(request) as stream:
        async for deltas in stream:
            text += "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
            reason = next((delta.reason for delta in deltas if isinstance(delta, Finish)), reason)
    return text, reason
