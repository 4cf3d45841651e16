"""Every setting: its name, kind, default and effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.settings import data_dir, forms
from app.settings.contradictions import contradictions
from app.settings.forms import Form
from app.settings.loading import given, refused, unknown, variables
from app.settings.masking import masked
from app.settings.problems import SettingsError
from lib.streaming.execution_manager.settings import EngineSettings

PREFIX = "AA_"
DATA_DIR = "var"
DATABASE_FILE = "assistant-architect.sqlite3"

_ENGINE = EngineSettings()
#: So short that nobody sees it, and long enough for what many streams bring at once to share a commit.
COMMIT_PACE_SECONDS = 0.001


def _database_in(values: dict[str, Path]) -> str:
    return f"sqlite:///{values['data_dir'] / DATABASE_FILE}"


class Settings(BaseSettings):
    """What an operator may decide. Built by `Settings.load`; `repr` shows no secret."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        case_sensitive=True,
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
    )

    data_dir: forms.Directory = Field(
        default=Path(DATA_DIR), description="Where the database file and the generated secret key live."
    )
    database_url: forms.DatabaseUrl = Field(
        default_factory=_database_in, description="The database: SQLite, in WAL mode, or PostgreSQL."
    )
    sqlite_synchronous: Annotated[Literal["NORMAL", "FULL"], Form("`NORMAL` or `FULL`")] = Field(
        default="NORMAL",
        description="`NORMAL`: a power cut may lose the last moments, a crash of the process loses nothing. "
        "`FULL`: a power cut loses nothing either; every commit waits for the disk.",
    )
    postgres_pool_size: forms.Count = Field(
        default=10,
        description="Connections to PostgreSQL a process has at most, besides the one that writes events.",
    )
    postgres_relaxed_deltas: forms.Switch = Field(
        default=False,
        description="`on`: a commit that holds nothing but text does not wait for PostgreSQL's disk.",
    )
    host: forms.Host = Field(default="127.0.0.1", description="The address the server listens on.")
    port: forms.Port = Field(default=8000, description="The port the server listens on.")
    public_url: forms.Origin | None = Field(
        default=None,
        description="The address users see. With `https` the session cookie is bound to this host and sent over "
        "TLS only. Absent: requests are judged by their own Host header.",
    )
    trusted_proxies: forms.Networks | None = Field(
        default=None,
        description="Reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Absent: nobody's.",
    )
    secret_key: forms.SecretText | None = Field(
        default=None,
        description="Signs CSRF tokens. Absent: made once, in the file `secret_key` of the data directory.",
    )
    bootstrap_email: forms.Email | None = Field(
        default=None, description="E-mail address of the first administrator; used only while there is no user."
    )
    bootstrap_api_key: forms.KeyForm | None = Field(
        default=None, description="API key of the first administrator; used only while there is no user."
    )
    local_model: Annotated[Literal["auto", "off"], Form("`auto` or `off`")] = Field(
        default="auto", description="`auto` runs the bundled model where the platform has it; `off` never does."
    )
    rate_limit_starts: forms.Rate = Field(
        default="20/minute", description="Executions one principal may start. Several rates must all hold."
    )
    rate_limit_sign_in: forms.Rate = Field(
        default="10/minute;60/hour", description="Sign-in attempts for one account, and from one address."
    )
    max_concurrent_executions: forms.Count = Field(
        default=5, description="Executions one principal may have unfinished at a time."
    )
    max_running_executions: forms.Count = Field(
        default=1000,
        description="Executions running at a time, over all workers; more wait. The same on every node.",
    )
    worker_executions: forms.Count = Field(default=1000, description="Executions one worker runs at a time.")
    health_port: forms.Port | None = Field(
        default=None,
        description="The port on which `worker` answers `/livez` and `/readyz`. Absent: it listens nowhere.",
    )
    limits_url: forms.LimitsUrl = Field(
        default="memory://",
        description="Where rate limits are counted. `memory://` counts for each process on its own.",
    )
    limits_outage: Annotated[Literal["local", "closed"], Form("`local` or `closed`")] = Field(
        default="local",
        description="While the storage of `AA_LIMITS_URL` does not answer: `local`, each process counts for itself; "
        "`closed`, starts and sign-ins are refused with 503.",
    )
    queue_timeout: forms.Seconds = Field(
        default=_ENGINE.queue_timeout, description="How long an execution may wait for a worker."
    )
    connect_timeout: forms.Seconds = Field(
        default=_ENGINE.connect_timeout, description="How long connecting to a provider may take."
    )
    first_token_timeout: forms.Seconds = Field(
        default=_ENGINE.first_token_timeout, description="How long a model may take to its first token."
    )
    idle_timeout: forms.Seconds = Field(
        default=_ENGINE.idle_timeout, description="How long a model may pause between two tokens."
    )
    prompt_timeout: forms.Seconds = Field(default=_ENGINE.prompt_timeout, description="How long one prompt may take.")
    execution_timeout: forms.RunSeconds = Field(
        default=_ENGINE.execution_timeout, description="How long a whole execution may take."
    )
    lease_seconds: forms.LeaseSeconds = Field(
        default=_ENGINE.lease_seconds, description="How long a worker that stops answering keeps its executions."
    )
    max_takeovers: forms.Count = Field(
        default=_ENGINE.max_claims,
        description="How many workers may take an execution before it ends as `worker_lost`.",
    )
    drain_seconds: forms.DrainSeconds = Field(
        default=30.0, description="How long running prompts may go on after a stop signal before they are handed over."
    )
    heartbeat_seconds: forms.Seconds = Field(
        default=15.0, description="Silence on an event stream after which a heartbeat is sent."
    )
    send_seconds: forms.Seconds = Field(
        default=30.0, description="How long a client may leave what was sent to it unread before its stream is cut."
    )
    log_content: forms.Switch = Field(
        default=False, description="`on` logs inputs and outputs of executions, which may be private."
    )
    log_format: Annotated[Literal["console", "json"], Form("`console` or `json`")] = Field(
        default="console", description="`json` writes one object a line."
    )
    retention_content_days: forms.Days | None = Field(
        default=None,
        description="Inputs, messages, outputs and events of executions that ended longer ago are removed. Absent: kept.",
    )
    retention_metadata_days: forms.Days | None = Field(
        default=None, description="Executions that ended longer ago are removed whole. Absent: kept."
    )
    retention_audit_days: forms.Days | None = Field(
        default=None, description="Audit rows older than this are removed. Absent: kept."
    )
    metrics_port: forms.Port | None = Field(
        default=None,
        description="A port of its own, at `AA_HOST`, for `/metrics` of this process.",
    )
    metrics_token: forms.Token | None = Field(
        default=None,
        description="Whoever sends it as `Authorization: Bearer …` may read `/metrics`, on whatever port. Absent: "
        "`/metrics` is on its own port only.",
    )
    openai_api_key: forms.ProviderKey | None = Field(
        default=None,
        validation_alias="OPENAI_API_KEY",
        description="Key of the OpenAI-compatible provider; turns it on.",
    )
    openai_base_url: forms.WebUrl | None = Field(
        default=None,
        validation_alias="OPENAI_BASE_URL",
        description="Address of the OpenAI-compatible provider. Absent: OpenAI's own.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        # The environment comes in through `load`, so that building settings in a test reads nothing.
        return (init_settings,)

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Settings:
        """Read an environment; raise `SettingsError` with every problem. Makes the data directory and key."""
        names = variables(cls.model_fields, PREFIX)
        problems = list(unknown(names, PREFIX, environ))
        problems += data_dir.problems_with(Path(environ.get(data_dir.VARIABLE) or DATA_DIR))
        settings = None
        try:
            settings = cls.model_validate(given(names, cls.model_fields, environ))
        except ValidationError as error:
            problems += refused(error.errors(), names, cls.model_fields, environ)
        problems += [] if settings is None else contradictions(settings)
        if problems or settings is None:
            raise SettingsError(problems)
        given_key = settings.secret_key.get_secret_value() if settings.secret_key else None
        key = data_dir.prepare(settings.data_dir, given_key)
        return settings.model_copy(update={"secret_key": SecretStr(key)})

    def __repr_args__(self) -> Iterator[tuple[str, str | None]]:
        for name, field in type(self).model_fields.items():
            yield name, masked(field, getattr(self, name))

    @property
    def engine(self) -> EngineSettings:
        """The clocks and the lease as the engine takes them."""
        return EngineSettings(
            queue_timeout=self.queue_timeout,
            connect_timeout=self.connect_timeout,
            first_token_timeout=self.first_token_timeout,
            idle_timeout=self.idle_timeout,
            prompt_timeout=self.prompt_timeout,
            execution_timeout=self.execution_timeout,
            lease_seconds=self.lease_seconds,
            max_claims=self.max_takeovers,
            commit_pace_seconds=COMMIT_PACE_SECONDS,
        )

    @property
    def database_kind(self) -> str:
        """`sqlite` or `postgresql`."""
        return urlsplit(self.database_url).scheme.partition("+")[0]

    @property
    def https(self) -> bool:
        """Whether users come over TLS."""
        return self.public_url is not None and urlsplit(self.public_url).scheme == "https"

    @property
    def secret(self) -> bytes:
        """The key that signs CSRF tokens. `load` makes sure there is one."""
        assert isinstance(self.secret_key, SecretStr), "Settings.load generates it"
        return self.secret_key.get_secret_value().encode()
