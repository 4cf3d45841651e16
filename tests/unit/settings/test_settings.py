"""Configuration: read whole, refused whole."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

import pytest

from app.settings import Settings, SettingsError
from app.settings.key_format import generate_key, parse_key
from app.settings.table import settings_table

CANARY = "canary-" + "x" * 32


def load(directory: Path, **environ: str) -> Settings:
    return Settings.load({"AA_DATA_DIR": str(directory), **environ})


def problems(directory: Path, **environ: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as refused:
        load(directory, **environ)
    return {problem.variable: str(problem) for problem in refused.value.problems}


def test_nothing_set_is_a_complete_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.load({})
    assert settings.database_url == "sqlite:///var/assistant-architect.sqlite3"
    assert (settings.host, settings.port, settings.rate_limit_starts) == ("127.0.0.1", 8000, "20/minute")
    assert (settings.engine.execution_timeout, settings.engine.lease_seconds) == (600, 5)
    assert settings.heartbeat_seconds == 15
    assert not settings.https
    assert not settings.log_content


def test_every_problem_is_told_in_one_message(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        AA_PORT="99999",
        AA_PUBLIC_URL="https://host/path",
        AA_EXECUTION_TIMEOUT="901",
        AA_IDLE_TIMEOUT="nan",
        AA_LEASE_SECONDS="1",
        AA_LOG_FORMAT="xml",
        AA_LOG_CONTENT="perhaps",
        AA_RATE_LIMIT_STARTS="20/minute;often",
        AA_LIMITS_URL="memcached://x",
        AA_DATABASE_URL="mysql://x",
        AA_BOOTSTRAP_EMAIL="nobody",
        AA_TRUSTED_PROXIES="10.0.0.0/8,proxy",
        OPENAI_BASE_URL="ftp://x",
        AA_PROT="8000",
    )
    assert set(found) == {
        "AA_PORT", "AA_PUBLIC_URL", "AA_EXECUTION_TIMEOUT", "AA_IDLE_TIMEOUT", "AA_LEASE_SECONDS", "AA_LOG_FORMAT",
        "AA_LOG_CONTENT", "AA_RATE_LIMIT_STARTS", "AA_LIMITS_URL", "AA_DATABASE_URL", "AA_BOOTSTRAP_EMAIL",
        "AA_TRUSTED_PROXIES", "OPENAI_BASE_URL", "AA_PROT",
    }  # fmt: skip
    assert found["AA_PUBLIC_URL"] == (
        "AA_PUBLIC_URL=https://host/path: it has a path; right: `http(s)://host[:port]`, without a path"
    )


def test_a_misspelt_setting_is_a_problem_with_a_suggestion_and_without_its_value(tmp_path: Path) -> None:
    found = problems(tmp_path, AA_SECRET_KY=CANARY, AA_QUITE_ELSE="1")
    assert found["AA_SECRET_KY"] == "AA_SECRET_KY: there is no such setting; did you mean AA_SECRET_KEY?"
    assert "docs/operations.md" in found["AA_QUITE_ELSE"]


@pytest.mark.parametrize(
    ("content", "metadata", "audit", "wrong"),
    [
        ("30", "90", "365", set()),
        ("30", "30", "30", set()),
        ("30", "", "", set()),
        ("", "", "30", set()),
        ("30", "29", "", {"AA_RETENTION_METADATA_DAYS"}),
        ("30", "90", "89", {"AA_RETENTION_AUDIT_DAYS"}),
        ("30", "", "29", {"AA_RETENTION_AUDIT_DAYS"}),
        ("30", "10", "9", {"AA_RETENTION_METADATA_DAYS", "AA_RETENTION_AUDIT_DAYS"}),
    ],
)
def test_what_depends_on_another_is_kept_no_longer_than_it(
    tmp_path: Path, content: str, metadata: str, audit: str, wrong: set[str]
) -> None:
    given = {
        "AA_RETENTION_CONTENT_DAYS": content,
        "AA_RETENTION_METADATA_DAYS": metadata,
        "AA_RETENTION_AUDIT_DAYS": audit,
    }
    if wrong:
        assert set(problems(tmp_path, **given)) == wrong
    else:
        load(tmp_path, **given)


def test_secrets_are_shown_neither_in_problems_nor_in_the_settings(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        AA_SECRET_KEY="canary-short",
        AA_BOOTSTRAP_API_KEY="aa_live_canary",
        AA_LIMITS_URL="nosuch://user:canary@host/1",
        AA_PORT="x",
    )
    assert len(found) == 4
    assert "canary" not in str(found)
    settings = load(
        tmp_path, AA_SECRET_KEY=CANARY, OPENAI_API_KEY="sk-canary", AA_LIMITS_URL="valkey://user:canary@host/1"
    )
    assert "canary" not in repr(settings) + str(settings)
    assert settings.secret == CANARY.encode()


@pytest.mark.parametrize("password", ["canary", "word@canary", "canary%40"])
def test_the_password_of_a_database_is_never_shown(tmp_path: Path, password: str) -> None:
    url = f"postgresql://ada:{password}@db.example:5432/assistants?sslmode=require"
    settings = load(tmp_path, AA_DATABASE_URL=url)
    assert settings.database_url == url
    assert "canary" not in repr(settings)
    assert "canary" not in str(problems(tmp_path, AA_DATABASE_URL=url.replace("postgresql", "postgres")))


def test_a_password_that_breaks_its_url_is_not_shown_either(tmp_path: Path) -> None:
    assert "canary" not in str(problems(tmp_path, AA_DATABASE_URL="postgresql://ada:canary/word@db.example/assistants"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example/assistants",
        "postgresql+asyncpg://ada:secret@10.0.0.1:5433/assistants",
        "postgresql://ada@/assistants?host=/var/run/postgresql&port=5433",
    ],
)
def test_a_postgresql_url_is_taken(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, AA_DATABASE_URL=url).database_url == url


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("postgresql://db.example", "it names no host, or no database on it"),
        ("postgresql:///assistants", "it names no host, or no database on it"),
        ("postgresql://db.example:port/assistants", "its port is no number"),
        ("postgresql://db.example/assistants?sslrootcert=x", "it has an option this build does not know: sslrootcert"),
        ("postgresql+psycopg://db.example/assistants", "it names no database this build can open"),
    ],
)
def test_any_other_one_is_refused_at_the_start(tmp_path: Path, url: str, wrong: str) -> None:
    assert wrong in problems(tmp_path, AA_DATABASE_URL=url)["AA_DATABASE_URL"]


def test_an_empty_variable_counts_as_absent(tmp_path: Path) -> None:
    settings = load(tmp_path, OPENAI_API_KEY="", AA_PUBLIC_URL="", AA_PORT="")
    assert (settings.openai_api_key, settings.public_url, settings.port) == (None, None, 8000)


def test_other_peoples_variables_are_nobodys_business(tmp_path: Path) -> None:
    assert load(tmp_path, PATH="/bin", aa_port="1", MY_AA_PORT="2").port == 8000


def test_the_environment_of_the_process_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AA_PORT", "1234")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    assert load(tmp_path).port == 8000
    assert Settings().openai_api_key is None


def test_the_secret_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    first, second = load(tmp_path / "new"), load(tmp_path / "new")
    assert first.secret == second.secret
    assert len(first.secret) >= 43
    path = tmp_path / "new" / "secret_key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret_key"]


def test_a_secret_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load(tmp_path)
    (tmp_path / "secret_key").chmod(0o644)
    with pytest.raises(SettingsError, match="others can read it"):
        load(tmp_path)


def test_a_secret_key_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    load(tmp_path)
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(SettingsError, match="less than 32"):
        load(tmp_path)


def test_a_data_directory_that_cannot_be_is_told_with_the_other_problems(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = problems(tmp_path / "file" / "sub", AA_PORT="x")
    assert set(found) == {"AA_DATA_DIR", "AA_PORT"}
    assert "is no directory" in found["AA_DATA_DIR"]


def test_nothing_is_made_when_anything_is_wrong(tmp_path: Path) -> None:
    problems(tmp_path / "new", AA_PORT="x")
    assert not (tmp_path / "new").exists()


def test_https_follows_the_public_url(tmp_path: Path) -> None:
    assert load(tmp_path, AA_PUBLIC_URL="https://assistants.example").https
    assert not load(tmp_path, AA_PUBLIC_URL="http://assistants.example:8000").https


def test_a_well_formed_bootstrap_key_is_taken(tmp_path: Path) -> None:
    key = generate_key(secrets.token_bytes)
    taken = load(tmp_path, AA_BOOTSTRAP_API_KEY=key.text).bootstrap_api_key
    assert taken is not None
    assert taken.get_secret_value() == key.text


def test_a_key_has_its_form_and_every_changed_character_is_noticed() -> None:
    key = generate_key(secrets.token_bytes)
    assert key.text.startswith(f"aa_live_{key.key_id}_")
    assert len(key.text) == 8 + 12 + 1 + 43 + 6
    assert parse_key(key.text) == key
    assert key.text not in repr(key)
    for index in range(len(key.text)):
        other = "A" if key.text[index] != "A" else "B"
        assert parse_key(key.text[:index] + other + key.text[index + 1 :]) is None


def test_the_operations_guide_has_exactly_the_settings_there_are() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    assert settings_table() in guide
