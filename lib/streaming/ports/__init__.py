"""What the engine needs from the world, as small protocols. Adapters live in `providers`, `app/db`, `app/jobs`."""
