"""What the tests do with the web client, in a user's words."""

from typing import Any

from playwright.sync_api import Error, Locator, Page

from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until


class WebPage:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    # --- arriving ---

    def log_in(self, daemon: PtydUnderTest) -> None:
        self.page.goto(daemon.request("login_ticket")["url"])
        self.wait_for_status("live")

    def find(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    def start_session(self, command: str, name: str = "", directory: str = "", phase: str = "live") -> None:
        """By the dialog, as a person would; waits until its terminal's channel has come to ``phase``."""
        self.find("new-session").click()
        self.find("new-command").fill(command)
        self.find("new-directory").fill(directory)
        self.find("new-name").fill(name)
        self.find("dialog-confirm").click()
        self.wait_for_phase(phase)

    def open_session(self, name: str) -> None:
        self.row(name).locator("button.session").click()
        self.wait_for_phase("live")

    def row(self, name: str) -> Locator:
        """The session's line in the sidebar."""
        return self.find("session").filter(has=self.page.locator(".session-name", has_text=name))

    # --- looking ---

    def text(self) -> str:
        return str(self.page.evaluate("window.ptyd.readText()"))

    def size(self) -> tuple[int, int]:
        size: dict[str, int] = self.page.evaluate("window.ptyd.readSize()")
        return size["cols"], size["rows"]

    def wait_for_text(self, text: str) -> None:
        self.wait_for(f"window.ptyd.readText().includes({text!r})", lambda: f"{text!r} in:\n{self.text()}")

    def wait_for_status(self, kind: str) -> None:
        self.wait_for(f"window.ptyd?.readStatus() === {kind!r}", lambda: f"the connection to be {kind}")

    def wait_for_phase(self, phase: str) -> None:
        self.wait_for(f"window.ptyd?.readPhase() === {phase!r}", lambda: f"the channel to be {phase}")

    def wait_for(self, expression: str, what: Any) -> None:
        """Waits until a JavaScript expression is true."""
        wait_until(lambda: self.evaluate(expression), what=what)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; None while the page is on its way to another address."""
        try:
            return self.page.evaluate(expression)
        except Error as error:
            if "context was destroyed" not in str(error):
                raise
            return None

    # --- typing ---

    def type(self, text: str) -> None:
        """Into the terminal, which a page focuses by itself: but not before a dialog in front of it has gone."""
        self.wait_for("document.activeElement?.closest('.xterm') != null", "the terminal to have the focus")
        self.page.keyboard.type(text)

    def run(self, command: str) -> None:
        self.type(command)
        self.page.keyboard.press("Enter")
