"""The deployment's configuration: read once from the environment, checked whole, immutable."""

from app.settings.model import Settings
from app.settings.problems import SettingProblem, SettingsError

__all__ = ["SettingProblem", "Settings", "SettingsError"]
