"""Where our server's time and memory go: `python -m bench.inside start|paced|replay|idle`."""
