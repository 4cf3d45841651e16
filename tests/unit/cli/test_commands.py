"""The command line, against a real data directory."""

from __future__ import annotations

import json
import socket
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import COMMANDS, main
from app.cli.data_dir_lock import only_server_of
from app.settings import Settings
from tests.support.database import fresh_database


class Terminal:
    """Runs commands in one deployment."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        monkeypatch.setenv("AA_DATA_DIR", str(directory))
        monkeypatch.setenv("AA_LOCAL_MODEL", "off")
        self.environment = monkeypatch

    def run(self, *arguments: str, **more: str) -> Result:
        return CliRunner().invoke(main, arguments, **more)  # type: ignore[arg-type]

    def ok(self, *arguments: str, **more: str) -> str:
        result = self.run(*arguments, **more)
        assert result.exit_code == 0, result.output
        return result.output


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(tmp_path, monkeypatch)


@pytest.fixture
def terminal(empty: Terminal) -> Terminal:
    empty.environment.setenv("AA_DATABASE_URL", fresh_database(empty.directory))
    empty.ok("users", "create", "ada@example.org", "--role", "admin", "--name", "Ada")
    return empty


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(empty: Terminal, name: str) -> None:
    assert "Usage: " in empty.ok(name, "--help")


def test_the_list_of_commands_is_that_of_the_contract(empty: Terminal) -> None:
    for name in ("serve", "worker", "migrate", "users", "keys", "assistants", "executions", "maintenance", "doctor"):
        assert name in empty.ok("--help")


def test_a_wrong_configuration_is_told_whole_and_exits_with_2(empty: Terminal) -> None:
    empty.environment.setenv("AA_PORT", "x")
    empty.environment.setenv("AA_DRAIN_SECONDS", "-1")
    for command in (["serve"], ["migrate"], ["doctor"], ["users", "list"]):
        result = empty.run(*command)
        assert result.exit_code == 2
        assert {"AA_PORT=x", "AA_DRAIN_SECONDS=-1"} <= set(result.output.replace(":", " ").split())


def test_a_second_server_in_a_data_directory_is_refused(empty: Terminal, tmp_path: Path) -> None:
    settings = Settings.load({"AA_DATA_DIR": str(tmp_path / "shared")})
    empty.environment.setenv("AA_DATA_DIR", str(settings.data_dir))
    empty.environment.setenv("AA_PORT", "0")
    with only_server_of(settings):
        result = empty.run("serve")
    assert result.exit_code == 1
    assert "Another server works in" in result.output


def test_a_port_in_use_is_told_before_anything_is_made(empty: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        empty.environment.setenv("AA_PORT", str(taken.getsockname()[1]))
        result = empty.run("serve")
    assert result.exit_code == 1
    assert "is in use" in result.output
    assert not list(empty.directory.glob("*.sqlite3"))


def test_migrate_makes_the_database_and_is_harmless_again(empty: Terminal) -> None:
    before = empty.run("users", "list")
    assert (before.exit_code, "migrate" in before.output) == (1, True)
    for _ in range(2):
        assert "up to date" in empty.ok("migrate")
    assert empty.ok("users", "list") == ""


def test_users_are_made_listed_and_let_in(terminal: Terminal) -> None:
    link = terminal.ok("users", "create", "bob@example.org").strip()
    assert "/sign-in#token=" in link
    assert terminal.ok("users", "sign-in-link", "BOB@example.org").strip() != link
    listed = terminal.ok("users", "list").splitlines()
    assert [("admin" in listed[0], "ada@" in listed[0]), ("user" in listed[1], "bob@" in listed[1])] == [
        (True, True)
    ] * 2
    again = terminal.run("users", "create", "bob@example.org")
    assert (again.exit_code, "already" in again.output) == (1, True)
    assert terminal.run("users", "sign-in-link", "nobody@example.org").exit_code == 1


def test_a_password_is_asked_for_twice_and_has_a_length(terminal: Terminal) -> None:
    assert "is set" in terminal.ok("users", "set-password", "ada@example.org", input="long enough 1\nlong enough 1\n")
    short = terminal.run("users", "set-password", "ada@example.org", input="short\nshort\n")
    assert (short.exit_code, "at least 12" in short.output) == (1, True)


def test_keys_are_made_listed_and_revoked(terminal: Terminal) -> None:
    key = terminal.ok("keys", "create", "ada@example.org", "--name", "ci", "--scope", "executions:run").strip()
    assert key.startswith("aa_live_")
    listed = terminal.ok("keys", "list", "ada@example.org")
    key_id = listed.split()[0]
    assert key_id in key
    assert key not in listed
    assert "revoked" in terminal.ok("keys", "revoke", key_id)
    assert "revoked" in terminal.ok("keys", "list", "ada@example.org")
    assert terminal.run("keys", "revoke", key_id).exit_code == 1


def a_file(directory: Path, *assistants: object) -> str:
    path = directory / "file.json"
    path.write_text(json.dumps({"version": "1.0", "assistants": assistants}))
    return str(path)


GOOD = {
    "name": "Good one",
    "prompts": [{"name": "A", "content": "Hello", "model_name": "scripted/echo", "position": 0}],
    "input_fields": [],
}


def test_assistants_go_in_and_come_out(terminal: Terminal) -> None:
    assert "imported good-one" in terminal.ok("assistants", "import", a_file(terminal.directory, GOOD))
    assert "pending_approval" in terminal.ok("assistants", "list")
    exported = json.loads(terminal.ok("assistants", "export", "good-one"))
    assert [one["name"] for one in exported["assistants"]] == ["Good one"]
    assert terminal.run("assistants", "export", "good-one", "nobody").exit_code == 1


def test_a_file_with_problems_is_explained(terminal: Terminal) -> None:
    bad = GOOD | {"name": "", "input_fields": 7}
    partly = terminal.run("assistants", "import", a_file(terminal.directory, GOOD, bad))
    assert (partly.exit_code, "assistants[1]" in partly.output) == (1, True)
    nothing = terminal.run("assistants", "import", a_file(terminal.directory, bad))
    assert (nothing.exit_code, "assistants[0].input_fields" in nothing.output) == (1, True)


def test_executions_that_are_not_there_are_told(terminal: Terminal) -> None:
    assert terminal.ok("executions", "list") == ""
    for name in ("show", "cancel"):
        result = terminal.run("executions", name, "019a")
        assert (result.exit_code, "no execution 019a" in result.output) == (1, True)


def test_a_run_without_a_key_or_a_server_says_what_is_missing(terminal: Terminal) -> None:
    keyless = terminal.run("assistants", "run", "echo")
    assert (keyless.exit_code, "--key" in keyless.output) == (1, True)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    alone = terminal.run("assistants", "run", "echo", "--url", url, "--key", "x")
    assert (alone.exit_code, "serve" in alone.output) == (1, True)
    unread = terminal.run("assistants", "run", "echo", "--key", "x", "-i", "topic")
    assert (unread.exit_code, "NAME=VALUE" in unread.output) == (1, True)


def test_retention_without_a_setting_removes_nothing_and_says_why(terminal: Terminal) -> None:
    result = terminal.run("maintenance", "retention")
    assert (result.exit_code, "no AA_RETENTION_" in result.output) == (1, True)


def test_a_dry_run_of_retention_tells_and_removes_nothing(terminal: Terminal) -> None:
    terminal.environment.setenv("AA_RETENTION_AUDIT_DAYS", "1")
    with sqlite3.connect(terminal.directory / "test.db") as database:
        database.execute("INSERT INTO audit (at_ms, action, target, details) VALUES (0, 'old', 'x', '{}')")
    for _ in range(2):
        told = terminal.ok("maintenance", "retention", "--dry-run")
        assert "audit rows              1 would be removed" in told
    assert "audit rows              1 removed" in terminal.ok("maintenance", "retention")
    assert "audit rows              0 removed" in terminal.ok("maintenance", "retention")


@pytest.mark.parametrize("command", [("worker",), ("serve", "--no-worker")])
def test_what_needs_several_nodes_is_refused_on_sqlite(empty: Terminal, command: tuple[str, ...]) -> None:
    result = empty.run(*command)
    assert result.exit_code == 2
    assert f"`{' '.join(command)}` needs PostgreSQL" in result.output
    assert "AA_DATABASE_URL" in result.output


@pytest.mark.parametrize(
    "command", [("worker",), ("serve", "--no-worker"), ("serve",), ("migrate",), ("users", "list")]
)
def test_a_database_that_does_not_answer_is_told_in_one_line(empty: Terminal, command: tuple[str, ...]) -> None:
    empty.environment.setenv("AA_DATABASE_URL", f"postgresql://nobody@/none?host={empty.directory}")
    empty.environment.setenv("AA_PORT", "0")
    result = empty.run(*command)
    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith("Error: The database does not answer")
    assert "Traceback" not in result.output
