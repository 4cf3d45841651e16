"""What an observed stream says about the way it came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.doctor.finding import Finding, Outcome, fail, ok, warn
from app.doctor.stream_observation import Observation, Way

CHECK = "stream"
TICKS = 10
#: Events of one stream whose delays differ by more than this did not come as they were sent.
UNEVEN_SECONDS, BUFFERED_SECONDS = 0.15, 0.5

_UNBUFFER = "turn response buffering off for text/event-stream (nginx: proxy_buffering off; proxy_cache off)"
_UNCUT = "raise the proxy's read timeout above 75 s (nginx: proxy_read_timeout), and any limit on a whole answer"


def check_stream(seen: Observation) -> Iterator[Finding]:
    """Findings of one diagnostic stream, from its head to its end."""
    if seen.status != 200 or not seen.headers.get("content-type", "").startswith("text/event-stream"):
        yield _no_stream(seen)
        return
    if seen.encoding:
        yield warn(
            "compression",
            f"the stream is compressed ({seen.encoding}): it costs memory for each, and often holds events back",
            "exclude text/event-stream from compression",
        )
    else:
        yield ok("compression", "none")
    yield _buffering(seen)
    yield _heartbeats(seen)
    yield _end(seen)


def _no_stream(seen: Observation) -> Finding:
    if seen.status == 0:
        return fail(CHECK, f"no answer: {seen.problem}", "check the address, and what stands between")
    kind = seen.headers.get("content-type", "no content type")
    return fail(CHECK, f"the answer is {seen.status} with {kind}", "check the address and the API key")


def _buffering(seen: Observation) -> Finding:
    if not seen.ticks:
        return fail("buffering", f"no event came in {seen.lasted:.0f} s", _UNBUFFER)
    delays = [came - sent for sent, came in seen.ticks]
    uneven = max(delays) - min(delays)
    if uneven > BUFFERED_SECONDS:
        return fail("buffering", f"events are held back, some {uneven:.1f} s longer than others", _UNBUFFER)
    if uneven > UNEVEN_SECONDS:
        return warn("buffering", f"events come unevenly, by {uneven:.2f} s", _UNBUFFER)
    return ok("buffering", f"none: events come as they are sent, within {uneven * 1000:.0f} ms")


def _heartbeats(seen: Observation) -> Finding:
    if seen.heartbeats:
        return ok("heartbeats", "arrive")
    advice = "see that nothing removes comment lines, and that the stream is not cut before the first"
    return fail("heartbeats", "none arrived", advice)


def _end(seen: Observation) -> Finding:
    if seen.ended and len(seen.ticks) == TICKS:
        return ok("cuts", f"none in {seen.lasted:.0f} s")
    if seen.ended:
        return fail("cuts", f"{TICKS - len(seen.ticks)} of {TICKS} events are missing", _UNBUFFER)
    return fail("cuts", f"the stream was cut after {seen.lasted:.1f} s {seen.problem}".rstrip(), _UNCUT)


def check_way(url: str, ways: Sequence[Way], *, many_nodes: bool) -> Iterator[Finding]:
    """What several new connections found. `many_nodes`: whether more than one node can be expected."""
    yield _scheme(url, ways[0])
    yield _address(ways[0])
    nodes = len({way.node for way in ways})
    if nodes == 1 and many_nodes:
        yield warn(
            "nodes",
            f"{len(ways)} connections reached the same node",
            "with more than one node, have the proxy spread connections (no stickiness is needed)",
        )
    else:
        yield ok("nodes", f"{len(ways)} connections reached {nodes}: who reconnects may reach another")


def _scheme(url: str, way: Way) -> Finding:
    asked = urlsplit(url).scheme
    if asked != way.scheme:
        advice = "have the proxy send X-Forwarded-Proto, and set AA_TRUSTED_PROXIES to its address"
        return warn("forwarding", f"the service was asked over {asked} and sees {way.scheme}", advice)
    return ok("forwarding", f"the service sees {way.scheme}")


def _address(way: Way) -> Finding:
    found = f"the service sees this client as {way.client_address or 'nobody'}"
    try:
        public = not ip_address(way.client_address).is_private
    except ValueError:
        public = False
    # No warning: from inside, a private address is right.
    advice = "" if public else "if that is the proxy and not this machine, set AA_TRUSTED_PROXIES to its address"
    return Finding("client address", Outcome.OK, found, advice)
