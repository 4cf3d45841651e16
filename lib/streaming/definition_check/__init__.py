"""Definitions as somebody sends them: read, checked, every problem told at once."""
