"""Three people who type numbers without end: a program, somebody at a terminal, somebody at a browser.

Each has an alphabet of its own, so that what one of them typed can be told from what arrived of it, whoever typed at
the same time.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from tests.support.waiting import stretch_deadline, wait_until

LOWER, UPPER, DIGITS = (bytes(range(ord(first), ord(last) + 1)) for first, last in ("az", "AZ", "09"))
MAX_BACKLOG_BYTES = 256
"""So much is typed ahead of what has arrived: some of it is always on its way."""


class KeyLog:
    """What the program has read, told apart by who typed it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.keys = b""

    def refresh(self) -> None:
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(len(self.keys))
                self.keys += file.read()

    def of(self, alphabet: bytes) -> bytes:
        return bytes(key for key in self.keys if key in alphabet)

    def count(self, alphabet: bytes) -> int:
        return sum(self.keys.count(key) for key in alphabet)


class Typist:
    """Types numbers in the digits of its ``alphabet``, by ``press``, not too far ahead of what arrives."""

    def __init__(self, alphabet: bytes, width: int, press: Callable[[bytes], None]) -> None:
        self.alphabet = alphabet
        self.typed = b""
        self._width = width
        self._press = press
        self._number = 0

    def go_on(self, log: KeyLog) -> bool:
        """Type the next number, unless too much is still on its way."""
        if len(self.typed) - log.count(self.alphabet) > MAX_BACKLOG_BYTES:
            return False
        token = self._spell(self._number)
        self._number += 1
        self.typed += token
        self._press(token)
        return True

    def _spell(self, number: int) -> bytes:
        base = len(self.alphabet)
        return bytes(self.alphabet[number // base**place % base] for place in reversed(range(self._width)))


class BrowserClient:
    """The web client on ``session``, at ``origin``, where the daemon answers too."""

    def __init__(self, browser: Browser, login_url: str, origin: str, session: str) -> None:
        self.errors: list[str] = []
        self._context = browser.new_context(viewport={"width": 1000, "height": 700})
        self._context.set_default_timeout(stretch_deadline(30) * 1000)
        self.page: Page = self._context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        parts = urlsplit(login_url)
        self.page.goto(f"{origin}{parts.path}#{parts.fragment}")
        self.page.wait_for_url(f"{origin}/")
        self.page.goto("about:blank")
        self.page.goto(f"{origin}/#{session}")
        wait_until(lambda: self._ask("readPhase") == "live", 30, "a live terminal in the browser")
        self.page.locator(".xterm-screen").click()

    def press(self, keys: bytes) -> None:
        self.page.keyboard.type(keys.decode())

    def text(self) -> str:
        return str(self._ask("readText"))

    def close(self) -> None:
        self._context.close()
        assert not self.errors, self.errors

    def _ask(self, hook: str) -> Any:
        return self.page.evaluate(f"window.ptyd ? window.ptyd.{hook}() : null")
