"""Routes below /api/assistant-architect, the origin's address of a run."""
