"""The HTTP routes: the web client's files, login, and one-shot requests. All behind the door."""

import html
import mimetypes
from pathlib import Path
from typing import Any, Protocol

from ptyd_protocol import codec, limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ErrorCode, ProtocolError
from ptyd_protocol.messages import Event, Failure
from ptyd_protocol.messages import Request as RequestMessage
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ptyd.config import Config
from ptyd.core.access.audit import Actor
from ptyd.core.access.principal import Principal
from ptyd.core.limits.crowd import is_loopback
from ptyd.edge import audit
from ptyd.edge.net.client_address import client_address, client_scheme
from ptyd.edge.net.door import COOKIE_NAME, Door, Turned, cookie_of, join_headers
from ptyd.edge.net.guests import Guests, admit_guest, too_many_logins
from ptyd.edge.net.http_protocol import guest_of
from ptyd.edge.net.login_page import LOGIN_PAGE, LOGIN_SCRIPT
from ptyd.edge.net.logins import LoggedIn, Logins
from ptyd.edge.net.requests import Answer

LOGIN_PATH = "/login"
LOGIN_SCRIPT_PATH = "/login.js"
MAX_SECRET_BYTES = 256
READY_PATH = "/readyz"
HEALTH_PATHS = frozenset({"/healthz", READY_PATH})
"""In front of the door: a probe has no credential, and comes under any Host. One word is all that it gets."""

mimetypes.add_type("application/manifest+json", ".webmanifest")  # the system's table may not know it

KEPT_FOR_GOOD = "private, max-age=31536000, immutable"
"""For what is named after its contents. Private: it is given to those who are logged in."""

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

NO_ICON = '<link rel="icon" href="data:,">'
"""On pages for people who are not logged in: a browser would ask for /favicon.ico, and be refused."""

SECURITY_HEADERS = {
    # xterm.js sizes its rows by style elements of its own.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Outlook(Protocol):
    """What the daemon shows of itself to those who watch over it."""

    def find_problems(self) -> list[str]:
        """Why it is not ready; nothing: it is."""

    async def render_metrics(self) -> bytes:
        """For Prometheus."""


def build_http_app(
    static: Path, door: Door, logins: Logins, answer: Answer, outlook: Outlook, guests: Guests | None = None
) -> ASGIApp:
    """The ASGI application of one listener. ``static``: the folder of the built web client."""
    guests = guests if guests is not None else Guests(Config())

    async def index(request: Request) -> Response:
        page = static / "index.html"
        if not page.is_file():
            return _page("The web client is not built", "Build it with <code>make web</code>.", 503)
        return FileResponse(page, headers={"cache-control": "no-cache"})

    async def service_worker(request: Request) -> Response:
        script = static / "sw.js"
        if not script.is_file():
            raise HTTPException(404)
        return FileResponse(script, media_type="text/javascript", headers={"cache-control": "no-cache"})

    async def log_in_script(request: Request) -> Response:
        return Response(LOGIN_SCRIPT, media_type="text/javascript", headers={"cache-control": "no-cache"})

    def set_cookie(request: Request, response: Response, login: LoggedIn) -> None:
        """Always a new one; whatever the browser came with before is dropped, and what is open by it closed."""
        logins.log_out(cookie_of(request.headers))
        response.set_cookie(
            COOKIE_NAME,
            login.cookie,
            max_age=login.seconds,
            httponly=True,
            samesite="strict",
            secure=client_scheme(
                request.scope, join_headers(request.headers.items()), door.front.proxies, request.url.scheme
            )
            == "https",
            path=door.front.cookie_path,
        )

    def try_login(request: Request, secret: str) -> LoggedIn | None:
        """None: it is no good.

        Raises:
            Turned: 429, after too many from the same address that were none. Loopback keeps nobody out who has one.
        """
        address = client_address(request.scope, join_headers(request.headers.items()), door.front.proxies)
        wait = guests.login_wait(address)
        if wait and not is_loopback(address):
            guests.refuse("logins", address)
            raise too_many_logins(wait)
        login = logins.log_in(secret)
        audit.note("login_refused" if login is None else "login", None if login is None else login.principal)
        if login is None:
            guests.note_failed_login(address)
            if wait:
                raise too_many_logins(wait)
        return login

    async def post_login(request: Request) -> Response:
        """The body is a ticket, or the secret of a share or token; the answer's is the id of the session to open."""
        secret = (await _read_body(request, MAX_SECRET_BYTES)).decode(errors="replace").strip()
        login = try_login(request, secret)
        if login is None:
            return Response("this login is not good", status_code=401, media_type="text/plain")
        sessions = login.principal.sessions or ()
        response = Response(next(iter(sessions), ""), media_type="text/plain", headers={"cache-control": "no-store"})
        before = logins.find_cookie(cookie_of(request.headers))
        if before is not None and before.may("admin") and login.principal.sessions is not None:
            # The owner looks at a link of their own: that must not log them out.
            logins.log_out(login.cookie)
        else:
            set_cookie(request, response, login)
        return response

    async def log_in(request: Request) -> Response:
        if request.method != "GET":
            # Starlette takes HEAD where GET is taken: who only looks where a link leads must not use its ticket up.
            return Response(status_code=405, headers={"allow": "GET"})
        if "ticket" not in request.query_params:
            return HTMLResponse(LOGIN_PAGE, headers={"cache-control": "no-store"})
        login = try_login(request, request.query_params["ticket"])
        if login is None:
            return _page(
                "This login link has been used or is too old",
                "Run <code>ptyd up --open</code> for a new one.",
                401,
            )
        # A page that goes on by itself, not a redirect: a SameSite=Strict cookie is not sent with a redirect that
        # another site began.
        response = HTMLResponse(
            '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=./"><title>ptyd</title>'
            f"{NO_ICON}",
            headers={"cache-control": "no-store"},
        )
        set_cookie(request, response, login)
        return response

    async def log_out(request: Request) -> Response:
        logins.log_out(cookie_of(request.headers))
        audit.note("logout", request.scope["ptyd.principal"])
        response = Response(status_code=204)
        response.delete_cookie(COOKIE_NAME, httponly=True, samesite="strict", path=door.front.cookie_path)
        return response

    async def one_shot(request: Request) -> Response:
        body = await _read_body(request)
        message = codec.decode_client_message(body)
        if not isinstance(message, RequestMessage):
            raise ProtocolError(CloseCode.BAD_MESSAGE, "the body must be one Request")
        reply = await answer(OneShotCaller(request.scope["ptyd.principal"]), message)
        try:
            content = codec.encode(reply)
        except OverflowError:
            content = codec.encode(Failure(message.id, ErrorCode.INTERNAL, "the result is too large"))
        return Response(content, media_type="application/msgpack", headers={"cache-control": "no-store"})

    async def show_metrics(request: Request) -> Response:
        principal: Principal = request.scope["ptyd.principal"]
        if not principal.may("admin"):
            return Response("the metrics tell of all sessions, so they need the right admin\n", 403)
        content = await outlook.render_metrics()
        return Response(content, headers={"content-type": METRICS_TYPE, "cache-control": "no-store"})

    async def end_abandoned(request: Request, error: Exception) -> Response:
        """The client has gone within its request: nobody hears the answer, and it is no error of ours."""
        return Response(status_code=400)

    async def turn_away(request: Request, error: Exception) -> Response:
        assert isinstance(error, Turned)
        return _turn_away(error, request.scope["path"])

    async def refuse_malformed(request: Request, error: Exception) -> Response:
        return Response(str(error), status_code=400, media_type="text/plain")

    app = Starlette(
        routes=[
            Route("/", index, methods=["GET"]),
            Route(LOGIN_PATH, log_in, methods=["GET"]),
            Route(LOGIN_PATH, post_login, methods=["POST"]),
            Route(LOGIN_SCRIPT_PATH, log_in_script, methods=["GET"]),
            Route("/logout", log_out, methods=["POST"]),
            Route("/api/request", one_shot, methods=["POST"]),
            Route("/metrics", show_metrics, methods=["GET"]),
            Route("/sw.js", service_worker, methods=["GET"]),
            Mount("/assets", Assets(directory=static / "assets", check_dir=False)),
        ],
        exception_handlers={Turned: turn_away, ProtocolError: refuse_malformed, ClientDisconnect: end_abandoned},
    )
    return _behind_door(app, door, guests, outlook)


class Assets(StaticFiles):
    """The web client's files; none where it is not built (or not yet)."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = KEPT_FOR_GOOD
        return response

    async def check_config(self) -> None:
        try:
            await super().check_config()
        except RuntimeError:
            raise HTTPException(404) from None


class OneShotCaller:
    """A caller whose connection ends with the answer."""

    takes_events = False

    def __init__(self, principal: Principal) -> None:
        self.principal = principal

    def tell_event(self, event: Event) -> None:
        raise AssertionError("nobody subscribes a caller that takes no events")


def _answer_health(path: str, door: Door, outlook: Outlook) -> Response:
    """Alive is who answers. Why it is not ready is told only where the peer is the owner."""
    problems = outlook.find_problems() if path == READY_PATH else []
    told = "".join(f"{problem}\n" for problem in problems) if door.trusts_peer else "not ready\n"
    return Response(
        told if problems else "ok\n",
        status_code=503 if problems else 200,
        media_type="text/plain",
        headers={"cache-control": "no-store"},
    )


def _behind_door(app: ASGIApp, door: Door, guests: Guests, outlook: Outlook) -> ASGIApp:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = join_headers(Headers(scope=scope).items())
        address = audit.describe_client(scope, headers, door.front.proxies)
        with audit.acting_as(Actor(client=headers.get("user-agent", ""), address=address)):
            await serve(scope, headers, receive, send)

    async def serve(scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", []),
                    *((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()),
                ]
            await send(message)

        scope["path"] = door.front.strip_base(scope["path"])
        if scope["path"] in HEALTH_PATHS and scope["method"] in {"GET", "HEAD"}:
            await _answer_health(scope["path"], door, outlook)(scope, receive, send_with_headers)
            return
        try:
            if scope["path"] in {LOGIN_PATH, LOGIN_SCRIPT_PATH}:
                door.check_place(headers, scope)  # the ticket or secret in it is the credential
            else:
                scope["ptyd.principal"] = admit_guest(guests, door, headers, scope, method=scope["method"])
                guest = guest_of(scope.get("state", {}))
                if guest is not None:
                    guest.welcome()
        except Turned as turned:
            await _turn_away(turned, scope["path"])(scope, receive, send_with_headers)
            return
        if not scope["path"]:
            # The page's addresses are relative, so it has to be at a path that ends with a slash.
            redirect = RedirectResponse(door.front.cookie_path, 308)
            await redirect(scope, receive, send_with_headers)
            return
        await app(scope, receive, send_with_headers)

    return guarded


def _turn_away(turned: Turned, path: str) -> Response:
    audit.note("turned_away", status=turned.status, path=path, websocket=False)
    response = _page(_TITLES[turned.status], html.escape(turned.reason), turned.status)
    if turned.retry_after:
        response.headers["retry-after"] = str(turned.retry_after)
    return response


_TITLES = {401: "Not logged in", 403: "Refused", 421: "Wrong host", 429: "Too many failed logins"}


async def _read_body(request: Request, max_bytes: int = limits.MAX_CLIENT_MESSAGE_BYTES) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise ProtocolError(CloseCode.TOO_BIG, "the request is too large")
    return bytes(body)


def _page(title: str, body: str, status: int) -> Response:
    """A page for a person. ``body`` is HTML."""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>ptyd: {title}</title>{NO_ICON}'
        f'<meta name="viewport" content="width=device-width"><style>body{{font:1rem/1.5 system-ui;max-width:34rem;'
        f"margin:20vh auto;padding:0 1rem;color-scheme:light dark}}</style>"
        f"<main><h1>{title}</h1><p>{body}</p></main></html>",
        status_code=status,
        headers={"cache-control": "no-store"},
    )
