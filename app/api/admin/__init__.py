"""What administrators look at and do: /api/admin."""
