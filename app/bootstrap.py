"""What a fresh installation gets: an administrator, the examples, an API key; and every start a sign-in link.

Each step does nothing where its result exists, and the default key is made last: a start that is killed half-way
is completed by the next one, and what an operator removed later stays removed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import msgspec

from app.api.new_key import KeyMaker
from app.api.sign_in_links import SignInLinks
from app.db.database import Storage
from app.db.errors import EmailTaken
from app.db.records import AssistantStatus, UserRecord, UserRole
from app.default_key import DEFAULT_KEY_NAME, DefaultKey
from app.settings import Settings
from lib.streaming.clock import Clock, SystemClock
from lib.streaming.definition import Definition
from lib.streaming.errors import StreamingError

DEFAULT_EMAIL = "admin@localhost"
_USERS_PAGE = 100


class Welcome(msgspec.Struct, frozen=True):
    """What is printed when the server is ready. `api_key` is None if there is none to show."""

    email: str
    link_token: str
    api_key: str | None


class Bootstrap:
    """`random_bytes(n)` gives n bytes from a secure source."""

    def __init__(
        self, settings: Settings, storage: Storage, clock: Clock, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._settings = settings
        self._storage = storage
        self._links = SignInLinks(storage.sessions, clock, random_bytes)
        maker = KeyMaker(storage.api_keys, clock, random_bytes)
        self._default_key = DefaultKey(settings, storage.api_keys, maker)

    @classmethod
    def of(cls, settings: Settings, storage: Storage) -> Bootstrap:
        """With the system's clock and randomness."""
        return cls(settings, storage, SystemClock(), secrets.token_bytes)

    async def run(self, examples: Sequence[Definition]) -> Welcome:
        admin = await self._administrator()
        if not await self._completed(admin):
            await self._add_examples(admin, examples)
        return Welcome(admin.email, await self.sign_in_link(admin), await self._default_key.show(admin.id))

    async def sign_in_link(self, user: UserRecord) -> str:
        """A token that signs its user in once, within the hour."""
        token, _ = await self._links.token(user)
        return token

    async def _administrator(self) -> UserRecord:
        """The oldest administrator that may sign in; made if there is no user at all."""
        users = self._storage.users
        if await users.count() == 0:
            email = self._settings.bootstrap_email or DEFAULT_EMAIL
            try:
                return await users.create(email, "Administrator", UserRole.ADMIN)
            except EmailTaken:
                pass  # Another process was first; it is found below.
        return await self.oldest_administrator()

    async def oldest_administrator(self) -> UserRecord:
        """Raises `NoAdministrator`."""
        cursor: str | None = None
        while True:
            page = await self._storage.users.list(_USERS_PAGE, cursor)
            for user in page.items:
                if user.role is UserRole.ADMIN and not user.disabled:
                    return user
            if (cursor := page.next_cursor) is None:
                raise NoAdministrator

    async def _completed(self, admin: UserRecord) -> bool:
        keys = await self._storage.api_keys.list(admin.id)
        return any(key.name == DEFAULT_KEY_NAME for key in keys)

    async def _add_examples(self, admin: UserRecord, examples: Sequence[Definition]) -> None:
        names = await self._names(admin)
        for example in examples:
            if example.name not in names:
                await self._storage.assistants.create(admin.id, example, AssistantStatus.APPROVED)

    async def _names(self, admin: UserRecord) -> set[str]:
        page = await self._storage.assistants.list(admin, _USERS_PAGE)
        return {assistant.name for assistant in page.items}


class NoAdministrator(StreamingError):
    """There are users, but no administrator who may sign in."""

    code = "no_administrator"

    def __init__(self) -> None:
        super().__init__("No administrator may sign in. Make one: assistant-architect users create EMAIL --role admin")
