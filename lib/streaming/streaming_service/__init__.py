"""The engine's front door: start, follow, cancel, drain."""
