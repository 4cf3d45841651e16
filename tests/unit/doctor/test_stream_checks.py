"""What an observed stream comes to, and what several connections tell of the way."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from app.doctor.finding import Finding, Outcome
from app.doctor.stream_checks import check_stream, check_way
from app.doctor.stream_observation import Observation, Way

OK, WARN, FAIL = Outcome.OK, Outcome.WARN, Outcome.FAIL


def bad(findings: Iterable[Finding]) -> dict[str, Outcome]:
    return {finding.check: finding.outcome for finding in findings if finding.outcome is not OK}


def ways(*nodes: str, address: str = "203.0.113.7", scheme: str = "https") -> list[Way]:
    return [Way(node, address, scheme, 15) for node in nodes]


@pytest.mark.parametrize(
    ("seen", "many", "outcomes"),
    [
        (ways("a", "b", "a"), True, {}),
        (ways("a", "b"), False, {}),
        (ways("a", "a"), True, {"nodes": WARN}),
        (ways("a", "a"), False, {}),
        (ways("a", scheme="http"), False, {"forwarding": WARN}),
    ],
)
def test_what_the_service_sees_of_a_request_is_compared_with_what_was_sent(
    seen: list[Way], many: bool, outcomes: dict[str, Outcome]
) -> None:
    assert bad(check_way("https://assistants.example", seen, many_nodes=many)) == outcomes


def test_a_private_address_of_the_client_comes_with_a_hint_and_no_warning() -> None:
    for address, hinted in (("10.0.0.3", True), ("", True), ("2001:4860:4860::8888", False), ("8.8.8.8", False)):
        found = {
            finding.check: finding for finding in check_way("https://x", ways("a", address=address), many_nodes=False)
        }
        assert bool(found["client address"].advice) is hinted


HEADERS = {"content-type": "text/event-stream"}
EVEN = [(number / 10, 50 + number / 10) for number in range(10)]


@pytest.mark.parametrize(
    ("seen", "outcomes"),
    [
        (Observation(status=200, headers=HEADERS, ticks=EVEN, heartbeats=1, ended=True), {}),
        (Observation(problem="refused"), {"stream": FAIL}),
        (Observation(status=200, headers={"content-type": "text/html"}), {"stream": FAIL}),
        (Observation(status=302), {"stream": FAIL}),
        (
            Observation(status=200, headers=HEADERS, problem="nothing came for 25 s"),
            {"buffering": FAIL, "heartbeats": FAIL, "cuts": FAIL},
        ),
        (
            Observation(
                status=200, headers=HEADERS, heartbeats=1, ended=True,
                ticks=[(sent, came + (0.2 if index % 2 else 0)) for index, (sent, came) in enumerate(EVEN)],
            ),
            {"buffering": WARN},
        ),
        (
            # What it is packed with cannot be read back here: only that much is known.
            Observation(status=200, headers=HEADERS | {"content-encoding": "br"}),
            {"compression": WARN, "buffering": FAIL, "heartbeats": FAIL, "cuts": FAIL},
        ),
    ],
)  # fmt: skip
def test_a_stream_is_judged_by_what_came_of_it(seen: Observation, outcomes: dict[str, Outcome]) -> None:
    assert bad(check_stream(seen)) == outcomes
