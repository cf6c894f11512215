"""Which browser the tests start."""

import shutil

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str:
    """The whole browser: Debian's Chromium, or Chrome."""
    return _find("chromium", "chromium-browser", "google-chrome")


def find_headless_shell() -> str:
    """Chromium without an interface of its own: the same engine for 60 % of the time, but no notifications. Where
    there is none, the whole browser."""
    return shutil.which("chromium-headless-shell") or find_chromium()


def _find(*names: str) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
    raise FileNotFoundError("no Chromium found: run ./dev setup")
