"""Authors who mean harm: nothing of theirs is saved, and what got into the database all the same harms nobody.

That the event loop is never held is looked at after each test, as for every server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import psutil
import pytest
import pytest_asyncio

from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.types import ExecutionId, PromptId
from tests.support.hostile_templates import KNOWN_NAMES, REFUSED
from tests.support.node_bench import Bench, chain, one_prompt, running_bench, step
from tests.support.node_storage import storage_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1024 * 1024
#: Allowed by every check, and stopped by what one rendering may cost.
LOOPS = "{% for a in XS %}{% for b in XS %}{% endfor %}{% endfor %}done".replace("XS", "[" + "1," * 700 + "]")
FIELDS = tuple(InputField(name, FieldType.LONG_TEXT, name) for name in KNOWN_NAMES)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with running_bench(tmp_path_factory.mktemp("node")) as bench:
        yield bench


async def test_a_hostile_template_is_not_saved_and_its_author_is_told_where_it_is_wrong(bench: Bench) -> None:
    url, process = f"{bench.client.base_url}/api/assistants", psutil.Process(bench.node.pid)
    fields = [{"name": name, "label": name, "type": "long_text"} for name in KNOWN_NAMES]
    before = process.memory_info().rss
    for name, source in REFUSED.items():
        body = {**one_prompt("never", content=source), "fields": fields}
        async with bench.client.session.post(url, json=body, headers=bench.client.headers) as answer:
            told = await answer.json(content_type=None)
        assert (answer.status, told["code"]) == (422, "invalid_definition"), name
        assert {error["path"].partition(".line")[0] for error in told["errors"]} == {"prompts[0].content"}, name
    assert process.memory_info().rss - before <= 10 * MIB


async def test_one_that_got_into_the_database_fails_its_own_run_and_nobody_elses(bench: Bench) -> None:
    assistants = await smuggled_in(bench, REFUSED)
    other = await bench.client.create_assistant(one_prompt("plain"))
    runs = [await bench.client.start(assistant, {}) for assistant in assistants]
    unharmed = await bench.client.follow(await bench.client.start(other, {}))
    assert (unharmed.events[-1]["status"], unharmed.text("only")) == ("completed", "one two three")
    for name, run in zip(assistants.values(), runs, strict=True):
        last = (await bench.client.follow(run)).events[-1]
        assert (last["status"], last["code"]) == ("failed", "template_error"), name
        assert "prompt.delta" not in run.types
    assert bench.upstream.hits["never"] == 0


async def test_twenty_templates_wrong_in_every_part_are_explained_while_others_are_served(bench: Bench) -> None:
    url = f"{bench.client.base_url}/api/assistants"
    wrong = chain([step(f"p{number}", "never", number, REFUSED["choices"]) for number in range(20)])
    async with bench.client.session.post(url, json=wrong, headers=bench.client.headers) as answer:
        told = await answer.json(content_type=None)
    assert (answer.status, {error["path"] for error in told["errors"]} != set()) == (422, True)


async def test_twenty_prompts_that_use_up_their_allowance_are_rendered_while_others_are_served(bench: Bench) -> None:
    prompts = [step(f"p{number}", "never", content=LOOPS) for number in range(20)]
    run = await bench.run(chain(prompts))
    assert (run.events[-1]["status"], run.events[-1]["code"]) == ("failed", "template_error")
    assert run.problems() == []
    assert bench.upstream.hits["never"] == 0


async def smuggled_in(bench: Bench, templates: Mapping[str, str]) -> dict[str, str]:
    """Assistants that no check has seen: id to the template's name."""
    seen = await bench.run(one_prompt("plain"))
    made: dict[str, str] = {}
    async with storage_of(bench.data_dir) as storage:
        owner = await storage.executions.owner_of(ExecutionId(seen.execution_id))
        assert owner is not None
        for name, source in templates.items():
            prompts = (PromptDefinition(PromptId("only"), "only", source, "openai/never"),)
            assistant = await storage.assistants.create(owner, Definition("Hostile", fields=FIELDS, prompts=prompts))
            made[assistant.id] = name
    return made
