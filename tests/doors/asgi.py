"""One request to the daemon's HTTP application, without a daemon."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from ptyd_protocol.messages import Reply
from starlette.routing import Mount, Route

from ptyd.edge.net import http_app
from ptyd.edge.net.door import Door, hosts_of_listener
from ptyd.edge.net.logins import Logins

HOST = "127.0.0.1:8080"
ORIGIN = f"http://{HOST}"


class App:
    """The application as a listener builds it, its table of routes, and who is logged in."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.routes: list[Any] = []
        self.answered: list[Any] = []
        self.problems: list[str] = []
        self.logins = Logins(directory)
        real = http_app.Starlette

        def note_routes(*args: Any, **kwargs: Any) -> Any:
            made = real(*args, **kwargs)
            self.routes = list(made.routes)
            return made

        async def answer(caller: Any, request: Any) -> Reply:
            self.answered.append(request)
            return Reply(request.id, None)

        monkeypatch.setattr(http_app, "Starlette", note_routes)
        static = directory / "static"
        (static / "assets").mkdir(parents=True)
        (static / "index.html").write_text("the client")
        (static / "sw.js").write_text("the service worker")
        (static / "assets" / "app.js").write_text("the script")
        (directory / "secret.txt").write_text("the secret")
        (static / "assets" / "link").symlink_to(directory / "secret.txt")
        door = Door(hosts_of_listener("127.0.0.1", 8080), self.logins, trusts_peer=False)
        self.app = http_app.build_http_app(static, door, self.logins, answer, self)

    def find_problems(self) -> list[str]:
        return self.problems

    async def render_metrics(self) -> bytes:
        return b"the metrics"

    def log_in(self) -> str:
        """A Cookie header."""
        cookie = self.logins.redeem(self.logins.make_ticket())
        assert cookie is not None
        return f"ptyd={cookie}"

    def list_requests(self) -> list[tuple[str, str]]:
        """(method, path) of every route there is, so that a new one cannot be forgotten."""
        found = []
        for route in self.routes:
            if isinstance(route, Mount):
                found.append(("GET", f"{route.path}/app.js"))
            else:
                assert isinstance(route, Route), f"a kind of route that this test does not know: {route}"
                found += [(method, route.path) for method in sorted(route.methods or {"GET"})]
        return found

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body. ``path`` as in the request line; ``_`` in a header's name stands for ``-``."""
        raw, _, query = path.partition("?")
        values = {"host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(raw),  # as uvicorn does it
            "raw_path": raw.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in values.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8080),
        }
        sent: list[dict[str, Any]] = []

        bodies = [body]

        async def receive() -> dict[str, Any]:
            if not bodies:
                await asyncio.Event().wait()  # the client stays
            return {"type": "http.request", "body": bodies.pop(), "more_body": False}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        asyncio.run(self._call(scope, receive, send))
        answer = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], answer, b"".join(message.get("body", b"") for message in sent[1:])

    async def _call(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
