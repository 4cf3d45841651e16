"""/api/admin/users: who may sign in, and as what."""

from typing import Annotated

import msgspec
from litestar import get, patch, post
from litestar.params import FromPath, QueryParameter, RawBody
from litestar.response import Response

from app.api.admin.caller import GUARDS, Caller, note
from app.api.admin.user_request import read_change, read_new_user
from app.api.dependencies import TheAudit, TheKeyCache, TheSignInLinks, TheUsers
from app.api.documented import json_body
from app.api.moment import moment
from app.api.parameters import DEFAULT_LIMIT, Cursor, Limit
from app.db.records import UserChange, UserRecord, UserRole
from app.db.users import UserRepository
from app.http.guards import principal_of
from app.http.problems import ApiError
from lib.streaming.types import PrincipalId

Search = Annotated[str | None, QueryParameter(name="q", max_length=254, description="Part of the e-mail address.")]


class NewUserBody(msgspec.Struct):
    """Without `name` the address is shown; without `role` it is a user."""

    email: str
    name: str | None = None
    role: UserRole | None = None


class UserChangeBody(msgspec.Struct):
    """What is left out stays as it is."""

    name: str | None = None
    role: UserRole | None = None
    disabled: bool | None = None


class UserItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: PrincipalId
    email: str
    name: str
    role: UserRole
    disabled: bool
    created_at: str


class UserList(msgspec.Struct, frozen=True, rename="camel"):
    items: tuple[UserItem, ...]
    next_cursor: str | None


class SignInLink(msgspec.Struct, frozen=True, rename="camel"):
    """`url` signs its user in once, until `expires_at`. It is shown this once."""

    url: str
    expires_at: str


@get("/api/admin/users", summary="Everybody, oldest first", guards=GUARDS)
async def list_users(
    users: TheUsers, q: Search = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> UserList:
    page = await users.list(limit, cursor, q)
    return UserList(tuple(_item(user) for user in page.items), page.next_cursor)


@post("/api/admin/users", summary="Add a user", operation_class=json_body(NewUserBody), guards=GUARDS)
async def create_user(request: Caller, body: RawBody, users: TheUsers, audit: TheAudit) -> Response[UserItem]:
    """They cannot sign in before they get a link: `POST …/sign-in-link`."""
    wanted = read_new_user(body)
    user = await users.create(wanted.email, wanted.name, wanted.role)
    await note(request, audit, "user.create", user.id, role=user.role.value)
    return Response(_item(user), headers={"Location": f"/api/admin/users/{user.id}"})


@patch(
    "/api/admin/users/{user_id:str}",
    summary="Change a user's name or role, or shut them out",
    operation_class=json_body(UserChangeBody),
    guards=GUARDS,
)
async def change_user(
    request: Caller, user_id: FromPath[str], body: RawBody, users: TheUsers, key_cache: TheKeyCache, audit: TheAudit
) -> UserItem:
    """Sessions follow at once, API keys at once on this node and within 5 seconds on the others; open streams of
    somebody who is shut out end within a minute. There is always an administrator left, and nobody takes the role from
    themselves.
    """
    change = read_change(body)
    _refuse_on_oneself(principal_of(request).id, PrincipalId(user_id), change)
    user = await users.change(PrincipalId(user_id), change)
    key_cache.forget_user(user.id)
    changed = {name: value for name, value in msgspec.to_builtins(change).items() if value is not None}
    await note(request, audit, "user.change", user.id, **changed)
    return _item(user)


@post("/api/admin/users/{user_id:str}/sign-in-link", summary="Make a one-time sign-in link", guards=GUARDS)
async def make_sign_in_link(
    request: Caller, user_id: FromPath[str], users: TheUsers, sign_in_links: TheSignInLinks, audit: TheAudit
) -> Response[SignInLink]:
    user = await existing(users, user_id)
    url, expires_ms = await sign_in_links.make(user, str(request.base_url))
    await note(request, audit, "user.sign_in_link", user.id)
    return Response(SignInLink(url, moment(expires_ms)), headers={"Cache-Control": "no-store"})


async def existing(users: UserRepository, user_id: str) -> UserRecord:
    """Raises `ApiError(not_found)`."""
    user = await users.by_id(PrincipalId(user_id))
    if user is None:
        raise ApiError("not_found", f"There is no user {user_id[:64]!r}.")
    return user


def _refuse_on_oneself(caller: PrincipalId, user_id: PrincipalId, change: UserChange) -> None:
    if caller == user_id and (change.disabled or change.role not in (None, UserRole.ADMIN)):
        raise ApiError(
            "own_account", "You cannot shut yourself out, or give up your own role. Ask another administrator."
        )


def _item(user: UserRecord) -> UserItem:
    return UserItem(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        disabled=user.disabled,
        created_at=moment(user.created_ms),
    )


ROUTES = (list_users, create_user, change_user, make_sign_in_link)
