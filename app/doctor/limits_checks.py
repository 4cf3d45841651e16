"""The shared storage of rate limits, where there is one."""

from __future__ import annotations

from collections.abc import AsyncIterator

from app.doctor.finding import Finding, fail, ok, warn
from app.http.rate_shared import DEADLINE_SECONDS
from app.http.rate_storage import MEMORY
from app.settings import Settings

CHECK = "limits storage"
#: Policies under which a server throws counters away that still count.
_FORGETFUL = "allkeys-"


async def check_limits(settings: Settings) -> AsyncIterator[Finding]:
    if settings.limits_url.startswith(MEMORY):
        yield ok(CHECK, "within the process")
        return
    from app.http.rate_valkey import ValkeyWindows

    storage = ValkeyWindows(settings.limits_url, DEADLINE_SECONDS)
    try:
        yield answered(await storage.answer_seconds())
        yield forgets(await storage.eviction_policy())
    except Exception as error:  # noqa: BLE001 - a driver fails in many ways, and each of them is the answer
        meanwhile = "each process counts for itself" if settings.limits_outage == "local" else "nobody can start"
        found = f"does not answer ({type(error).__name__}); meanwhile {meanwhile}"
        yield fail(CHECK, found, "check AA_LIMITS_URL, and that the server runs")
    finally:
        await storage.close()


def answered(seconds: float) -> Finding:
    found = f"answers in {seconds * 1000:.1f} ms"
    if seconds > DEADLINE_SECONDS / 2:
        return warn(CHECK, found, f"bring it nearer: after {DEADLINE_SECONDS * 1000:.0f} ms it counts as down")
    return ok(CHECK, found)


def forgets(policy: str | None) -> Finding:
    if policy is not None and policy.startswith(_FORGETFUL):
        return warn(CHECK, f"maxmemory-policy {policy} may throw counters away", "set it to volatile-ttl or noeviction")
    return ok(CHECK, "keeps its counters" if policy else "does not say whether it keeps its counters")
