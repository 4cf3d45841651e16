"""Alembic's entry: runs on the connection it is given, or on the one `AA_DATABASE_URL` names."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from app.db.migrate import in_transaction
from app.db.tables import metadata

DEFAULT_URL = "sqlite:///var/assistant-architect.db"


def run(connection: Connection) -> None:
    """Configure and run; the caller's transaction encloses it all, also on SQLite."""
    sqlite = connection.dialect.name == "sqlite"
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=sqlite, transactional_ddl=True)
    context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    in_transaction(os.environ.get("AA_DATABASE_URL", DEFAULT_URL), run)
