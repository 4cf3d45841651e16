"""One file for each thing measured; each gives samples."""
