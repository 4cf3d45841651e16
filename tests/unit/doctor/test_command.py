"""`doctor` on real deployments: what it prints, how it exits."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.db.postgres.notifications import notification_seconds
from tests.support.database import fresh_database
from tests.support.lossy_postgres import lossy_postgres
from tests.support.node import free_port
from tests.support.postgres_server import PostgresServer


class Doctor:
    """Runs the command in one deployment, which has a model service and whose every variable is given."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        self.monkeypatch = monkeypatch
        directory.chmod(0o700)
        self.set(AA_DATA_DIR=str(directory), AA_LOCAL_MODEL="off", OPENAI_API_KEY="sk-canary-doctor")

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def run(self, *options: str) -> Result:
        return CliRunner().invoke(main, ["doctor", *options])

    def findings(self, *options: str) -> tuple[int, dict[str, dict[str, str]]]:
        """Exit code, and the findings by their check; the last of each."""
        result = self.run("--json", *options)
        told: dict[str, Any] = json.loads(result.output)
        assert told["outcome"] == ("ok", "warn", "fail")[result.exit_code]
        return result.exit_code, {finding["check"]: finding for finding in told["findings"]}


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    return Doctor(tmp_path, monkeypatch)


def test_a_healthy_deployment_exits_with_0_and_shows_no_secret(doctor: Doctor) -> None:
    doctor.set(AA_DATABASE_URL=fresh_database(doctor.directory))
    result = doctor.run()
    assert result.exit_code == 0, result.output
    assert "FAIL" not in result.output
    assert "ok    database          answers, and its schema is up to date" in result.output
    assert "canary" not in result.output


def test_a_schema_out_of_date_is_a_failure_with_the_remedy(doctor: Doctor) -> None:
    code, found = doctor.findings()
    assert (code, found["database"]["outcome"]) == (2, "fail")
    assert "migrate" in found["database"]["advice"]


def test_wrong_settings_are_failures_one_by_one(doctor: Doctor) -> None:
    doctor.set(AA_PORT="x", AA_LIMITS_URL="nosuch://user:canary@host")
    result = doctor.run()
    assert result.exit_code == 2
    assert result.output.count("FAIL") == 2
    assert "canary" not in result.output


def test_without_a_model_service_it_warns_and_exits_with_1(doctor: Doctor) -> None:
    doctor.set(AA_DATABASE_URL=fresh_database(doctor.directory), OPENAI_API_KEY="")
    code, found = doctor.findings()
    assert (code, found["providers"]["outcome"]) == (1, "warn")


def test_a_limits_storage_is_asked(doctor: Doctor, valkey_port: int) -> None:
    doctor.set(AA_DATABASE_URL=fresh_database(doctor.directory), AA_LIMITS_URL=f"valkey://127.0.0.1:{valkey_port}")
    code, found = doctor.findings()
    assert (code, found["limits storage"]["found"]) == (0, "keeps its counters")


def test_a_limits_storage_that_is_away_is_a_failure_that_says_what_holds(doctor: Doctor) -> None:
    doctor.set(AA_DATABASE_URL=fresh_database(doctor.directory), AA_LIMITS_URL=f"valkey://127.0.0.1:{free_port()}")
    code, found = doctor.findings()
    assert (code, found["limits storage"]["outcome"]) == (2, "fail")
    assert "each process counts for itself" in found["limits storage"]["found"]


def test_postgresql_is_checked_for_room_time_and_notifications(doctor: Doctor, postgres_url: str) -> None:
    doctor.set(AA_DATABASE_URL=postgres_url, AA_SECRET_KEY="x" * 32)
    code, found = doctor.findings()
    assert code == 1, "rate limits count within the process"
    assert {name: found[name]["outcome"] for name in ("database", "connections", "durability", "notifications")} == {
        "database": "ok", "connections": "ok", "durability": "ok", "notifications": "ok",
    }  # fmt: skip
    assert "in use; room for" in found["connections"]["found"]
    assert found["rate limits"]["outcome"] == "warn"


def test_an_empty_postgresql_needs_a_migration(doctor: Doctor, postgres: Any) -> None:
    with postgres.empty() as url:
        doctor.set(AA_DATABASE_URL=url, AA_SECRET_KEY="x" * 32)
        code, found = doctor.findings()
    assert (code, found["database"]["outcome"], found["notifications"]["outcome"]) == (2, "fail", "ok")


def test_a_database_that_does_not_answer_is_a_failure(doctor: Doctor) -> None:
    doctor.set(AA_DATABASE_URL=f"postgresql://127.0.0.1:{free_port()}/nowhere", AA_SECRET_KEY="x" * 32)
    code, found = doctor.findings()
    assert (code, found["database"]["outcome"]) == (2, "fail")
    assert "AA_DATABASE_URL" in found["database"]["advice"]


async def test_a_proxy_that_loses_notifications_is_found_out(postgres_server: PostgresServer) -> None:
    # A path of a socket may have a hundred characters, which a test's own directory often exceeds.
    with tempfile.TemporaryDirectory() as directory:
        async with lossy_postgres(postgres_server.directory, Path(directory)):
            through = f"postgresql://postgres@/postgres?host={directory}"
            assert await notification_seconds(through, patience=0.5) is None
        direct = await notification_seconds(postgres_server.url("postgres"))
    assert direct is not None
    assert direct < 2


def test_asking_the_way_needs_a_key(doctor: Doctor) -> None:
    doctor.set(AA_DATABASE_URL=fresh_database(doctor.directory))
    code, found = doctor.findings("--url", "http://127.0.0.1:1")
    assert (code, found["way"]["outcome"]) == (2, "fail")
    assert "--key" in found["way"]["advice"]


def test_an_address_nobody_answers_is_a_failure(doctor: Doctor) -> None:
    doctor.set(AA_DATABASE_URL=fresh_database(doctor.directory))
    code, found = doctor.findings("--url", f"http://127.0.0.1:{free_port()}", "--key", "aa_live_x")
    assert (code, found["way"]["outcome"]) == (2, "fail")


def test_doctor_runs_where_an_event_loop_does_not(doctor: Doctor) -> None:
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    doctor.set(AA_DATABASE_URL=fresh_database(doctor.directory))
    assert doctor.run().exit_code == 0
