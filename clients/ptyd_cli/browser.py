"""Opening the web client, logged in."""

import os
import sys
import webbrowser
from html import escape
from pathlib import Path

from ptyd_protocol.access import TicketResult
from ptyd_sdk import discovery

from ptyd_cli.errors import CliError, ExitCode

NO_BROWSER_VARIABLE = "PTYD_NO_BROWSER"
LOGIN_PAGE = "login.html"


def open_login(ticket: TicketResult) -> None:
    """Open the browser on the ticket's address; print the address where there is no browser to open.

    The ticket never stands in a command line, which every user of the machine can read: the browser is given
    a page in the runtime directory that leads on.

    Raises:
        CliError: nothing listens on TCP.
    """
    if ticket.url is None:
        raise CliError(ExitCode.FAILED, "nothing listens on TCP; give --listen 127.0.0.1:0")
    if not has_display() or not webbrowser.open(write_login_page(ticket.url).as_uri()):
        print(f"open this within {ticket.expires_seconds} s, it works once:\n{ticket.url}")
        return
    print("opened in your browser")


def has_display() -> bool:
    """Whether a browser would have a window of its own; one in this terminal is not what is meant."""
    if os.environ.get(NO_BROWSER_VARIABLE):
        return False
    if sys.platform == "darwin" or os.environ.get("BROWSER"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def write_login_page(url: str) -> Path:
    """A page, readable by the user only, that goes to ``url``; it replaces the one before."""
    directory = discovery.runtime_dir()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # nothing of ptyd need run here
    discovery.check_runtime_dir(directory)
    path = directory / LOGIN_PAGE
    path.unlink(missing_ok=True)
    text = f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={escape(url)}">\n'
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path
