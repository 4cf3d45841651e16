"""An API key for servers that a test starts."""

from __future__ import annotations

from app.settings.key_format import generate_key

TEST_API_KEY = generate_key(lambda count: bytes(range(count))).text
