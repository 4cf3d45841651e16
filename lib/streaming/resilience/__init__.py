"""What to do about a failed attempt."""
