"""How large the parts of a definition may be; the limits of the whole are in `definition`."""

from __future__ import annotations

from typing import Final

MIN_NAME: Final = 3
MAX_NAME: Final = 255
MAX_DESCRIPTION: Final = 10_000
MAX_LABEL: Final = 1_000
MAX_FIELD_NAME: Final = 24
MAX_CHOICES: Final = 500
MAX_CHOICE: Final = 1_000
MAX_ACCEPT: Final = 500
MAX_ROWS: Final = 100
#: Characters of a default, and of any name too wrong to be shown whole.
MAX_VALUE: Final = 100_000
#: What `maxLength` (characters) and `maxSize` (bytes) may say; a run's inputs have a limit of their own.
MAX_LENGTH_OPTION: Final = 10_000_000
MAX_SIZE_OPTION: Final = 1_000_000_000
MAX_PROMPT_TEXT: Final = 10_000_000
MAX_PROMPT_ID: Final = 64
MAX_POSITION: Final = 1_000_000
MAX_MODEL: Final = 255
MAX_FALLBACKS: Final = 5
MAX_MAPPINGS: Final = 50
MAX_OUTPUT_TOKENS: Final = 1_000_000
MAX_TEMPERATURE: Final = 2
