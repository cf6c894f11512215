"""The browser's fixtures, for the doors that only a real one can try."""

from tests.browser.conftest import browser, context, daemon, open_page, web

__all__ = ["browser", "context", "daemon", "open_page", "web"]
