"""A PostgreSQL database as it is after a while: enough rows that the planner has a choice, and knows of them."""

from __future__ import annotations

from sqlalchemy import Connection, text

#: Each has an assistant.
USERS = 5000
EXECUTIONS = 20_000
#: Whose every fiftieth execution is.
BUSY = 7

_FILL = f"""
    INSERT INTO users SELECT 'user-' || n, n || '@example.org', '', 'user', NULL, FALSE, n
        FROM generate_series(1, {USERS}) AS n;
    INSERT INTO web_sessions SELECT int4send(n), 'user-' || n, n, n, n FROM generate_series(1, {USERS}) AS n;
    INSERT INTO sign_in_links SELECT int4send(n), 'user-' || n, n, n, n FROM generate_series(1, {USERS}) AS n;
    INSERT INTO api_keys SELECT 'key-' || n, 'user-' || n, '', '', '', '[]', n FROM generate_series(1, {USERS}) AS n;
    INSERT INTO assistants SELECT 'assistant-' || n, 'slug-' || n, 'user-' || n, 'approved', 1, NULL, n, n
        FROM generate_series(1, {USERS}) AS n;
    INSERT INTO assistant_versions SELECT 'version-' || n, 'assistant-' || n, 1, '', '', 'user-' || n, n, '{{}}'
        FROM generate_series(1, {USERS}) AS n;
    INSERT INTO executions (id, principal_id, assistant_id, version_id, status, epoch, claims, on_disconnect,
            created_ms, compacted, inputs, cost_nano)
        SELECT 'execution-' || n, 'user-' || which, 'assistant-' || which, 'version-' || which, CASE WHEN n % 100 = 0 THEN 'running' ELSE 'completed' END, 1, 1,
            'continue', n, n % 100 > 0, '{{}}', n % 3
        FROM generate_series(1, {EXECUTIONS}) AS n,
            LATERAL (SELECT CASE WHEN n % 50 = 0 THEN {BUSY} ELSE 1 + n % {USERS} END AS which) AS choice;
    ALTER TABLE events DISABLE TRIGGER USER;
    INSERT INTO events SELECT key, seq, 0, 0, '' FROM executions, generate_series(1, 3) AS seq;
    ALTER TABLE events ENABLE TRIGGER USER;
    INSERT INTO prompt_results (execution_key, prompt_id, attempt, status, messages, output, reasoning)
        SELECT key, 'draft', 1, 'completed', '[]', '', '' FROM executions;
    INSERT INTO prompt_feedback SELECT key, 'draft', 'like', 1 FROM executions;
    INSERT INTO nodes SELECT 'node-' || n, n FROM generate_series(1, {USERS}) AS n;
    INSERT INTO watches SELECT key, 'node-' || 1 + key % {USERS}, true FROM executions;
    INSERT INTO event_timelines SELECT key, 0, 1, 5, 2, '', NULL FROM executions WHERE compacted;
    ANALYZE
"""


def crowd(connection: Connection) -> None:
    for statement in _FILL.split(";"):
        connection.execute(text(statement))
