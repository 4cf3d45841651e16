"""What an author builds: an input form and a chain of prompts. Plain data; checked elsewhere."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from lib.streaming.types import OnError, PromptId

MAX_FIELDS = 50
MAX_PROMPTS = 20
MAX_TIMEOUT_SECONDS = 900
DEFAULT_TIMEOUT_SECONDS = 600
DEFAULT_ON_DISCONNECT = "grace:30"


class FieldType(StrEnum):
    SHORT_TEXT = "short_text"
    LONG_TEXT = "long_text"
    SELECT = "select"
    MULTI_SELECT = "multi_select"
    FILE_UPLOAD = "file_upload"


class Choice(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    value: str
    label: str = ""


class FieldOptions(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Sizes: `max_length` in characters, `max_size` in bytes; `accept` as in HTML's `accept` attribute."""

    placeholder: str | None = None
    default: str | None = None
    max_length: int | None = None
    rows: int | None = None
    choices: tuple[Choice, ...] = ()
    min_selections: int | None = None
    max_selections: int | None = None
    accept: str | None = None
    max_size: int | None = None
    multiple: bool = False


class InputField(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    name: str
    type: FieldType
    label: str = ""
    required: bool = False
    options: FieldOptions = FieldOptions()


class Timeouts(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Seconds; None means the next wider setting decides (assistant, then deployment)."""

    connect: float | None = None
    first_token: float | None = None
    idle: float | None = None
    total: float | None = None


class PromptDefinition(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One link of the chain. `model` is `<provider>/<model id>`; prompts at one position run together."""

    id: PromptId
    name: str
    content: str
    model: str
    position: int = 0
    system: str | None = None
    fallback_models: tuple[str, ...] = ()
    input_mapping: dict[str, str] = {}
    timeouts: Timeouts = Timeouts()
    max_output_tokens: int | None = None
    temperature: float | None = None


class Definition(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An assistant as stored: immutable once it is a version."""

    name: str
    description: str = ""
    fields: tuple[InputField, ...] = ()
    prompts: tuple[PromptDefinition, ...] = ()
    on_error: OnError = OnError.STOP
    on_disconnect: str = DEFAULT_ON_DISCONNECT
    timeout_seconds: float | None = None

    def in_order(self) -> list[PromptDefinition]:
        """Prompts by position, then as written."""
        return sorted(self.prompts, key=lambda prompt: prompt.position)


class DefinitionProblem(msgspec.Struct, frozen=True):
    """One thing wrong with what was sent: `path` such as `prompts[2].content`, and what to do about it.

    `line`: of the text at the path, from 1; None where the whole of it is meant or it has only one place.
    """

    path: str
    code: str
    message: str
    line: int | None = None


class DisconnectKind(StrEnum):
    CONTINUE = "continue"
    CANCEL = "cancel"
    GRACE = "grace"
    FINISH_PROMPT = "finish_prompt"


class DisconnectPolicy(msgspec.Struct, frozen=True):
    """What happens when the last viewer leaves; `grace_seconds` counts only for `grace`."""

    kind: DisconnectKind
    grace_seconds: float = 0.0

    @classmethod
    def parse(cls, text: str) -> DisconnectPolicy:
        """Read `continue`, `cancel`, `finish_prompt` or `grace:<seconds>`; raise ValueError otherwise."""
        if grace := re.fullmatch(r"grace:(\d{1,5})", text):
            return cls(DisconnectKind.GRACE, float(grace[1]))
        if text in (DisconnectKind.CONTINUE, DisconnectKind.CANCEL, DisconnectKind.FINISH_PROMPT):
            return cls(DisconnectKind(text))
        raise ValueError("onDisconnect is continue, cancel, finish_prompt or grace:<seconds>")
