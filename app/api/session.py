"""/api/session: sign in with a password or a one-time link, look, sign out."""

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.params import RawBody
from litestar.response import Response

from app.api.dependencies import TheCsrf, TheSessions, TheSignIn
from app.api.documented import json_body
from app.api.request_body import finished, object_in
from app.db.records import UserRecord, UserRole
from app.http.authentication import ANONYMOUS
from app.http.guards import principal_of
from app.http.principal import Principal
from lib.streaming.types import PrincipalId

PUBLIC = {ANONYMOUS: True}
MAX_EMAIL = 254
MAX_PASSWORD = 1024
MAX_TOKEN = 128


class PasswordBody(msgspec.Struct):
    email: str
    password: str


class LinkBody(msgspec.Struct):
    """`token`: what stands behind the `#` of a sign-in link."""

    token: str


class SignedIn(msgspec.Struct, frozen=True, rename="camel"):
    id: PrincipalId
    email: str
    name: str
    role: UserRole


class SessionView(SignedIn, frozen=True, rename="camel"):
    """The caller. `csrf_token` goes into the `X-CSRF-Token` header of requests that change something."""

    csrf_token: str


@post("/api/session", status_code=200, summary="Sign in", operation_class=json_body(PasswordBody), opt=PUBLIC)
async def sign_in(request: Request[Any, Any, Any], body: RawBody, signing_in: TheSignIn) -> Response[SignedIn]:
    """Sets the session cookie. An unknown address and a wrong password are told apart by nothing, time included."""
    reader = object_in(body)
    email = reader.text("email", MAX_EMAIL, required=True)
    password = reader.text("password", MAX_PASSWORD, required=True)
    finished(reader)
    user, cookie = await signing_in.by_password(request, email, password)
    return Response(_signed_in(user), cookies=[cookie])


@post(
    "/api/session/link",
    status_code=200,
    summary="Sign in with a one-time link",
    operation_class=json_body(LinkBody),
    opt=PUBLIC,
)
async def use_link(request: Request[Any, Any, Any], body: RawBody, signing_in: TheSignIn) -> Response[SignedIn]:
    """The page behind a link asks for this when its reader presses the button: opening a link uses nothing up."""
    reader = object_in(body)
    token = reader.text("token", MAX_TOKEN, required=True)
    finished(reader)
    user, cookie = await signing_in.by_link(request, token)
    return Response(_signed_in(user), cookies=[cookie])


@get("/api/session", summary="Who asks")
async def read_session(request: Request[Principal, Any, Any], csrf: TheCsrf) -> SessionView:
    caller = principal_of(request)
    return SessionView(caller.id, caller.email, caller.name, caller.role, csrf.token(caller))


@delete("/api/session", status_code=204, summary="Sign out")
async def sign_out(request: Request[Principal, Any, Any], sessions: TheSessions) -> Response[None]:
    """Ends the session; its open streams end within a minute."""
    return Response(None, status_code=204, cookies=[await sessions.close(request)])


def _signed_in(user: UserRecord) -> SignedIn:
    return SignedIn(user.id, user.email, user.name, user.role)


ROUTES = (sign_in, use_link, read_session, sign_out)
