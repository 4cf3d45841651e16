"""PostgreSQL as a `Database`, through asyncpg."""
