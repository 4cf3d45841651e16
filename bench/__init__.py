"""Measurements of the server beside plain alternatives, interleaved in one run: `python -m bench.run --help`."""
