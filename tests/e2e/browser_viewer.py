"""A person at a browser: the web client in headless Chromium."""

import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.viewers import Program, find_session, wait_for_clients
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import stretch_deadline, wait_until

WIDTH_PX, HEIGHT_PX = 1200, 720
SMALL_WIDTH_PX, SMALL_HEIGHT_PX = 900, 560
TEXT_DEADLINE_SECONDS = 20.0
AFTER_NEXT_PAINT = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
KEYS = {"\r": "Enter", "\x1b": "Escape", "\x03": "Control+c", "\t": "Tab"}


class BrowserViewer:
    def __init__(self, ptyd: PtydUnderTest, browser: Browser, name: str = "story") -> None:
        self.name = name
        self.complaints: list[str] = []
        self._ptyd = ptyd
        self._session = ""
        self._context: BrowserContext = browser.new_context(
            viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, permissions=["clipboard-read", "clipboard-write"]
        )
        self._context.set_default_timeout(stretch_deadline(TEXT_DEADLINE_SECONDS) * 1000)
        ptyd.request("listen")
        self._origin = ""
        self._page = self._open_page()
        self._log_in()

    @property
    def page(self) -> Page:
        return self._page

    def start(self, program: Program) -> None:
        created = self._ptyd.request(
            "create",
            argv=list(program.argv),
            name=self.name,
            cwd=str(program.cwd),
            env=dict(program.env),
            kind=program.kind,
        )
        self._show(str(created["id"]))

    def open(self, session: str) -> None:
        self.name = session
        self._show(str(find_session(self._ptyd, session)["id"]))

    def type(self, keys: str) -> None:
        for part in re.split("([\r\x1b\x03\t])", keys):
            if part in KEYS:
                self._page.keyboard.press(KEYS[part])
            elif part:
                self._page.keyboard.type(part)

    def text(self) -> str:
        return str(self._ask("readText"))

    def wait_for_text(self, text: str) -> None:
        self._wait(lambda: text in self.text(), f"{text!r}")

    def wait_until_gone(self, text: str) -> None:
        self._wait(lambda: text not in self.text(), f"no {text!r}")

    def shrink(self) -> tuple[int, int]:
        before = self._ask("readSize")

        def is_smaller() -> bool:
            size = self._ask("readSize")
            return bool(size["cols"] < before["cols"] and size["rows"] < before["rows"])

        self._page.set_viewport_size({"width": SMALL_WIDTH_PX, "height": SMALL_HEIGHT_PX})
        self._wait(is_smaller, "a smaller terminal")  # the page may become smaller in two steps
        self._page.evaluate(AFTER_NEXT_PAINT)  # what the new size pushes about may change it once more
        assert is_smaller()
        size = self._ask("readSize")
        return size["cols"], size["rows"]

    def detach(self) -> None:
        self._page.close()
        wait_for_clients(self._ptyd, self.name, 0)

    def come_back(self) -> None:
        self._page = self._open_page()
        self._show(self._session)

    def wait_for_end(self) -> None:
        self._wait(lambda: find_session(self._ptyd, self.name)["state"] == "exited", "the end of the session")

    def close(self) -> None:
        self._context.close()
        assert not self.complaints, self.complaints

    def _open_page(self) -> Page:
        page = self._context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._note(message.type, f"{message.text} {message.location}"))
        return page

    def _note(self, kind: str, text: str) -> None:
        # The page of the login has no icon, and Chromium asks for one. Warnings are of the machine: a slow one makes
        # xterm.js speak of its task queue, one without a graphics card Chromium of WebGL.
        if kind == "error" and "/favicon.ico" not in text:
            self.complaints.append(text)

    def _log_in(self) -> None:
        ticket = self._ptyd.request("login_ticket")
        self._origin = str(ticket["url"]).partition("/login")[0]
        self._page.goto(str(ticket["url"]))
        self._page.wait_for_url(f"{self._origin}/")

    def _show(self, session: str) -> None:
        """Open the session by the page's address, as a bookmark would."""
        self._session = session
        self._page.goto("about:blank")
        self._page.goto(f"{self._origin}/#{session}")
        self._wait(lambda: self._ask("readPhase") == "live", "a live terminal")

    def _ask(self, hook: str) -> Any:
        return self._page.evaluate(f"window.ptyd ? window.ptyd.{hook}() : null")

    def _wait(self, predicate: Any, what: str) -> None:
        wait_until(predicate, TEXT_DEADLINE_SECONDS, lambda: f"{what}; the page shows\n{self.text()}")
