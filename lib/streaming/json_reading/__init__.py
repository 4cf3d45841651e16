"""Reading decoded JSON of any shape: every problem is noted where it is, nothing is raised."""
