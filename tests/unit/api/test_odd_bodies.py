"""Bodies no client of ours sends: each is answered with a problem that can be read, and never with a fault of ours."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from lib.streaming.sse_events.decoder import EventStreamDecoder
from tests.support.odd_json import ODD_VALUES, places
from tests.support.service import Person, Service, as_json, echo, events_in, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

MUTATIONS = 25
RAW = (
    b"", b" ", b"{", b"nul", b"\xff\xfe", b"[" * 50_000, b'{"a":' * 20_000, b'{"a": 1, "a": 2}', b"NaN", b"1e999",
    b'"\\ud800"', b'{"assistantId": "\xed\xa0\x80"}', b"\xef\xbb\xbf{}", b"0" * 100_000, b'{"inputs": {"topic": 1e400}}',
)  # fmt: skip


def mutated(body: Any, rng: random.Random) -> Any:
    """The body with something odd in a place, or with a member more or less."""
    body = copy.deepcopy(body)
    path = rng.choice(list(places(body)))
    if not path:
        return rng.choice(ODD_VALUES)
    parent = body
    for key in path[:-1]:
        parent = parent[key]
    match rng.randrange(4):
        case 0 if isinstance(parent, dict):
            del parent[path[-1]]
        case 1 if isinstance(parent, dict):
            parent[rng.choice(["", "x", "type", "\0", "a" * 500])] = rng.choice(ODD_VALUES)
        case _:
            parent[path[-1]] = rng.choice(ODD_VALUES)
    return body


async def routes(service: Service, person: Person) -> dict[str, tuple[str, str, Any]]:
    """A body that is right for each route that takes one."""
    assistant = (await service.assistant(person)).id
    definition = as_json(echo())
    form = {"assistantId": assistant, "inputs": {"topic": "x"}, "onDisconnect": "grace:5", "version": 1}
    file = {"version": "1.0", "assistants": [_exported()]}
    return {
        "start": ("POST", "/api/executions", form),
        "stream": ("POST", "/api/assistant-architect/stream", form),
        "create": ("POST", "/api/assistants", definition),
        "change": ("PUT", f"/api/assistants/{assistant}", definition),
        "preview": ("POST", f"/api/assistants/{assistant}/preview", {"inputs": {"topic": "x"}}),
        "reject": ("POST", f"/api/assistants/{assistant}/reject", {"reason": "no"}),
        "import": ("POST", "/api/assistants/import", file),
        "export": ("POST", "/api/assistants/export", {"ids": [assistant]}),
        "key": ("POST", "/api/keys", {"name": "k", "scopes": ["executions:run"], "expiresAt": "2100-01-01T00:00:00Z"}),
    }


def _exported() -> dict[str, Any]:
    prompt = {"name": "Step", "content": "Say ${topic}", "model_name": "echo", "position": 0, "parallel_group": None}
    field = {"name": "topic", "label": "Topic", "field_type": "short_text", "position": 0, "options": {"values": []}}
    return {"name": "Imported", "description": "", "prompts": [prompt], "input_fields": [field]}


@pytest.mark.parametrize(
    "route", ["start", "stream", "create", "change", "preview", "reject", "import", "export", "key"]
)
async def test_whatever_is_sent_the_answer_is_the_clients_to_understand(
    service: Service, admin: Person, route: str
) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    method, path, right = (await routes(service, admin))[route]
    odd = [json.dumps(mutated(right, rng), ensure_ascii=True).encode() for _ in range(MUTATIONS)]
    for body in (*odd, *RAW):
        headers = {**admin.headers, "Content-Type": "application/json"}
        answer = await service.client.request(method, path, content=body, headers=headers)
        shown = f"seed {seed}: {body[:300]!r} got {answer.status_code} {answer.text[:300]}"
        assert answer.status_code < 500, shown
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", shown
            assert {"type", "title", "status", "detail", "code", "requestId"} <= answer.json().keys(), shown
            assert len(answer.content) < 100_000, shown


ODD_TEXT = "line\r\nevent: execution.finished\ndata: {}\n\nid: 9\0\u2028\u2029\x85\x0b é😀 " + "x" * 2_000


async def test_odd_text_in_names_and_answers_makes_no_event_no_header_and_no_line_of_its_own(
    service: Service, admin: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is refused where the form says so, or arrives as it was sent."""
    definition = as_json(echo(name="Odd", content="${topic}"))
    definition["prompts"][0]["name"] = "Step\u2028\u2029\x85 é😀"
    definition["description"] = ODD_TEXT
    answer = await service.client.post("/api/assistants", json=definition, headers=admin.headers)
    assert answer.status_code == 201, answer.text
    assistant = answer.json()["id"]
    for place in ("name", "prompts"):
        forged = copy.deepcopy(definition)
        forged["name"] = ODD_TEXT if place == "name" else "Odd"
        forged["prompts"][0]["id"] = "x\r\nevent: y" if place == "prompts" else "only"
        assert (await service.client.post("/api/assistants", json=forged, headers=admin.headers)).status_code == 422
    with caplog.at_level("INFO"):
        body = {"assistantId": assistant, "inputs": {"topic": ODD_TEXT}}
        answer = await service.client.post("/api/assistant-architect/stream", json=body, headers=admin.headers)
    events = events_in(answer.content)
    assert [event.type for event in events if event.type == "execution.finished"] == ["execution.finished"]
    assert text_of(events) == ODD_TEXT
    frames = EventStreamDecoder().feed(answer.content)
    assert [frame.last_event_id for frame in frames] == [str(number + 1) for number in range(len(events))]
    assert not any("\n" in value or "\r" in value for value in answer.headers.values())
    assert not any(line.startswith(("event:", "data:", "id:")) for line in caplog.text.splitlines())
