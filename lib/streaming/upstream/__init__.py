"""From an upstream's bytes to deltas: pure, without network, clock or tasks."""
