"""The metrics there are: name, help and where each is read. docs/operations.md lists them for operators."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from app.db.backlog import Backlog
from app.metrics.sources import Sources
from lib.streaming.metering.numbers import Histogram, HistogramsBy, Tally

INFINITY = "+Inf"


def families(sources: Sources, backlog: Backlog | None) -> Iterator[Metric]:
    """Every family of this process; `backlog` is None where the database does not answer."""
    yield from _build(sources)
    yield from _work(sources, backlog)
    yield from _executions(sources)
    yield from _events(sources)
    yield from _database(sources, up=backlog is not None)
    yield from _http(sources)


def _build(sources: Sources) -> Iterator[Metric]:
    info = GaugeMetricFamily("aa_build_info", "What runs here; always 1.", labels=("version", "python", "database"))
    info.add_metric((sources.version, platform.python_version(), sources.database), 1)
    yield info


def _work(sources: Sources, backlog: Backlog | None) -> Iterator[Metric]:
    if backlog is not None:
        yield _gauge("aa_queue_depth", "Executions waiting for a worker, in the whole deployment.", backlog.pending)
        yield _gauge("aa_queue_oldest_seconds", "How long the oldest of them has waited.", backlog.oldest_seconds)
        yield _gauge("aa_executions_running", "Executions running, in the whole deployment.", backlog.running)
    yield _gauge("aa_executions_held", "Executions that this process runs.", sources.executions_held())
    yield _gauge("aa_streams_open", "Event streams that this process sends.", sources.streams_open())
    yield _histogram("aa_event_loop_lag_seconds", "How late the event loop ran what was due.", sources.loop_lag)


def _executions(sources: Sources) -> Iterator[Metric]:
    engine = sources.engine
    yield _counter("aa_executions_ended", "Executions ended by this process.", engine.executions, "status", "code")
    yield _histogram("aa_execution_seconds", "From the start of an execution to its end.", engine.execution_seconds)
    yield _counter(
        "aa_attempts", "Prompt attempts ended, by what came of them.", engine.attempts, "provider", "outcome"
    )
    yield _histograms("aa_first_token_seconds", "To the first token of an attempt.", engine.first_token_seconds)
    yield _histograms("aa_attempt_seconds", "How long attempts took.", engine.attempt_seconds)
    yield _number("aa_leases_lost", "Executions this process held and lost to another.", engine.leases_lost)
    yield _number("aa_takeovers", "Executions taken over from another process, or from before.", engine.takeovers)
    yield _number("aa_sweep_finds", "Executions with a lapsed lease that the sweep found.", engine.sweep_finds)


def _events(sources: Sources) -> Iterator[Metric]:
    engine = sources.engine
    yield _number("aa_events_committed", "Events committed.", engine.events)
    yield _number("aa_event_commit_failures", "Commits that the database did not take.", engine.commit_failures)
    yield _histogram("aa_event_commit_seconds", "How long commits took.", engine.commit_seconds)
    yield _histogram("aa_event_commit_size", "Events in one commit.", engine.commit_events)


def _database(sources: Sources, *, up: bool) -> Iterator[Metric]:
    load = sources.database_load()
    yield _gauge("aa_database_up", "Whether the database answered just now.", int(up))
    connections = GaugeMetricFamily("aa_database_connections", "Connections to the database.", labels=("state",))
    connections.add_metric(("busy",), load.busy)
    connections.add_metric(("idle",), load.connections - load.busy)
    yield connections
    yield _gauge("aa_database_waiting", "Units of work that wait for a connection.", load.waiting)


def _http(sources: Sources) -> Iterator[Metric]:
    http = sources.http
    yield _counter("aa_http_requests", "Requests answered.", http.requests, "method", "route", "status")
    yield _histogram("aa_http_begin_seconds", "To the first byte of an answer.", http.begin_seconds)
    yield _counter("aa_streams_ended", "Event streams ended, by the reason.", http.streams, "reason")
    yield _histogram("aa_stream_seconds", "How long event streams lasted.", http.stream_seconds)
    outages = "Rate limits decided without the shared storage, or refused for want of it."
    yield _number("aa_rate_limit_outages", outages, sources.rate_limit_outages())


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _number(name: str, text: str, value: int) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _counter(name: str, text: str, tally: Tally, *labels: str) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in sorted(tally.counts.items()):
        family.add_metric(values, count)
    return family


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(name, text, buckets=_buckets(histogram), sum_value=histogram.total)


def _histograms(name: str, text: str, histograms: HistogramsBy, label: str = "provider") -> Metric:
    family = HistogramMetricFamily(name, text, labels=(label,))
    by_label: Mapping[str, Histogram] = histograms.histograms
    for value, histogram in sorted(by_label.items()):
        family.add_metric((value,), _buckets(histogram), histogram.total)
    return family


def _buckets(histogram: Histogram) -> Sequence[tuple[str, float]]:
    """As Prometheus has them: each bucket holds all that are smaller."""
    below, buckets = 0, []
    for bound, count in zip((*map(_bound, histogram.bounds), INFINITY), histogram.counts, strict=True):
        below += count
        buckets.append((bound, below))
    return buckets


def _bound(bound: float) -> str:
    return f"{float(bound)!r}"
