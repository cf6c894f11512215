"""Somebody who takes notifications: an HTTP server on loopback for apprise's ``json://``, told when to fail."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from tests.support.waiting import wait_until


class Mailbox(ThreadingHTTPServer):
    """``refusals``: so many of the next attempts are answered with 503."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.attempts = 0
        self.refusals = 0
        self.taken: list[dict[str, Any]] = []
        """What was taken, the newest last: title, message, type."""

    @property
    def url(self) -> str:
        """With a secret in its path."""
        return f"json://127.0.0.1:{self.server_address[1]}/{SECRET}"

    @property
    def titles(self) -> list[str]:
        return [str(one["title"]) for one in self.taken]

    def wait_for(self, count: int, deadline_seconds: float = 30.0) -> list[dict[str, Any]]:
        wait_until(lambda: len(self.taken) >= count, deadline_seconds, lambda: f"{count} notifications; {self.titles}")
        return self.taken


SECRET = "s3cr3t-t0pic"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        mailbox = cast(Mailbox, self.server)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        mailbox.attempts += 1
        is_refused = mailbox.refusals > 0 or SECRET not in self.path
        if is_refused:
            mailbox.refusals -= 1
        else:
            mailbox.taken.append(body)
        self.send_response(503 if is_refused else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    thread = threading.Thread(target=mailbox.serve_forever, args=(0.02,), name="mailbox")
    thread.start()
    try:
        yield mailbox
    finally:
        mailbox.shutdown()
        mailbox.server_close()
        thread.join()


def free_port_url() -> str:
    """Where nobody listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.server_close()
    return f"json://127.0.0.1:{server.server_address[1]}/{SECRET}"
