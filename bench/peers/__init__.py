"""The plain alternatives: the same work done with less, or with what most people would take."""
