"""The pages of runs: start one, watch it, look back."""
