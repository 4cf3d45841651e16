"""What each measured thing comes to, and what is then advised."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.diagnosis import ServerState
from app.doctor import data_dir_checks, database_checks, limits_checks
from app.doctor.finding import Finding, Outcome, fail, ok, warn, worst
from app.doctor.settings_checks import check_settings
from app.settings import Settings

OK, WARN, FAIL = Outcome.OK, Outcome.WARN, Outcome.FAIL
POSTGRES = {"AA_DATABASE_URL": "postgresql://host/db"}
SECRET = {"AA_SECRET_KEY": "x" * 32}
VALKEY = {"AA_LIMITS_URL": "valkey://host"}
TLS = {"AA_PUBLIC_URL": "https://assistants.example"}


def outcomes(findings: list[Finding]) -> dict[str, Outcome]:
    return {finding.check: finding.outcome for finding in findings}


@pytest.mark.parametrize(
    ("environ", "warnings"),
    [
        ({}, set()),
        (POSTGRES, {"secret key", "rate limits"}),
        (POSTGRES | SECRET | VALKEY, set()),
        (TLS, {"proxies"}),
        (TLS | {"AA_TRUSTED_PROXIES": "10.0.0.0/8"}, set()),
        ({"AA_HOST": "0.0.0.0"}, {"public address"}),
        ({"AA_HOST": "0.0.0.0", "AA_PUBLIC_URL": "http://intranet"}, set()),
        ({"AA_HOST": "localhost"}, set()),
        ({"AA_HOST": "::1"}, set()),
    ],
)
def test_settings_that_make_trouble_together_are_told_with_the_remedy(
    tmp_path: Path, environ: dict[str, str], warnings: set[str]
) -> None:
    settings = Settings.load({"AA_DATA_DIR": str(tmp_path), **environ})
    findings = list(check_settings(settings, environ))
    assert outcomes(findings) == {"settings": OK, **dict.fromkeys(warnings, WARN)}
    assert all(finding.advice for finding in findings if finding.outcome is not OK)


@pytest.mark.parametrize(("ms", "outcome"), [(0, OK), (-900, OK), (1500, WARN), (-29_000, WARN), (31_000, FAIL)])
def test_clocks_that_differ_are_told_before_they_do_harm(ms: int, outcome: Outcome) -> None:
    assert database_checks.skew(ms).outcome is outcome


@pytest.mark.parametrize(("seconds", "outcome"), [(0.001, OK), (0.0101, WARN)])
def test_a_slow_commit_is_told(seconds: float, outcome: Outcome) -> None:
    assert database_checks.commits(seconds).outcome is outcome


@pytest.mark.parametrize(("used", "outcome"), [(10, OK), (84, OK), (85, WARN), (97, WARN)])
def test_a_server_without_room_for_another_process_is_told(used: int, outcome: Outcome) -> None:
    finding = database_checks.room(ServerState(97, used, "18.1", "on"), pool_size=10)
    assert finding.outcome is outcome
    assert finding.found.startswith(f"{used} of 97 in use; room for {(97 - used) // 13} more")


@pytest.mark.parametrize(("setting", "outcome"), [("on", OK), ("remote_apply", OK), ("off", WARN)])
def test_a_server_that_forgets_commits_is_told(setting: str, outcome: Outcome) -> None:
    assert database_checks.durability(ServerState(97, 1, "18.1", setting)).outcome is outcome


def test_lost_notifications_are_a_failure_and_name_the_cause() -> None:
    assert database_checks.notifications(0.002).outcome is OK
    lost = database_checks.notifications(None)
    assert (lost.outcome, "pool_mode" in lost.advice) == (FAIL, True)


@pytest.mark.parametrize(("seconds", "outcome"), [(0.001, OK), (0.2, WARN)])
def test_a_limits_storage_that_is_nearly_too_slow_is_told(seconds: float, outcome: Outcome) -> None:
    assert limits_checks.answered(seconds).outcome is outcome


@pytest.mark.parametrize(
    ("policy", "outcome"), [("noeviction", OK), ("volatile-ttl", OK), ("allkeys-lru", WARN), (None, OK)]
)
def test_a_limits_storage_that_throws_counters_away_is_told(policy: str | None, outcome: Outcome) -> None:
    assert limits_checks.forgets(policy).outcome is outcome


@pytest.mark.parametrize(("seconds", "outcome"), [(0.001, OK), (0.021, WARN)])
def test_a_slow_disk_is_told(seconds: float, outcome: Outcome) -> None:
    assert data_dir_checks.disk(seconds).outcome is outcome


@pytest.mark.parametrize(("mib", "outcome"), [(99, FAIL), (1023, WARN), (1024, OK)])
def test_a_disk_that_fills_up_is_told(mib: int, outcome: Outcome) -> None:
    assert data_dir_checks._room(mib).outcome is outcome


def test_a_data_directory_others_can_look_into_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert outcomes(list(data_dir_checks.check_data_dir(tmp_path)))["data directory"] is WARN
    tmp_path.chmod(0o700)
    assert outcomes(list(data_dir_checks.check_data_dir(tmp_path)))["data directory"] is OK


def test_the_worst_finding_is_the_exit_code() -> None:
    good, bad, worse = ok("a", ""), warn("b", "", ""), fail("c", "", "")
    assert [int(worst(found)) for found in ([], [good], [bad, good], [good, worse, bad])] == [0, 0, 1, 2]
