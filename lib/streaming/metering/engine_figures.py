"""What an engine has done since it was started."""

from __future__ import annotations

from lib.streaming.metering.numbers import Histogram, HistogramsBy, Tally
from lib.streaming.metering.providers import HealthBook

#: Seconds.
COMMITS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 4.0)
ANSWERS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
#: Events.
BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class EngineFigures:
    """Every figure only grows, but for `health`, which tells how providers do now.

    `executions`: by status and code (empty where there is none). `attempts`: by provider and outcome, which is
    `completed` or the code of its end. Times in seconds.
    """

    def __init__(self) -> None:
        self.events = 0
        self.commit_failures = 0
        self.commit_seconds = Histogram(COMMITS)
        self.commit_events = Histogram(BATCHES)
        self.executions = Tally()
        self.execution_seconds = Histogram(ANSWERS)
        self.attempts = Tally()
        self.first_token_seconds = HistogramsBy(ANSWERS)
        self.attempt_seconds = HistogramsBy(ANSWERS)
        self.health = HealthBook()
        self.leases_lost = 0
        self.takeovers = 0
        self.sweep_finds = 0
