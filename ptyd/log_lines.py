"""How a line of the logs looks, of the daemon's and of the keeper's: for people, or JSON for programs.

Standard library only, since the keeper uses it. Control characters are escaped: what a client or a program has a say in
can neither forge a line nor write to the terminal of whoever reads it.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

FORMATS: Final = ("human", "json")
LEVELS: Final = ("debug", "info", "warning", "error")

FORMAT_VARIABLE: Final = "PTYD_LOG_FORMAT"
LEVEL_VARIABLE: Final = "PTYD_LOG_LEVEL"

Context = Callable[[], Mapping[str, Any]]
"""What is known of the present moment: {"connection": 3}."""


def set_up_logging(log_format: str, level: str, context: Context = dict, stream: TextIO | None = None) -> None:
    """Log to ``stream`` (standard error) from now on. What is none of FORMATS or LEVELS is "human", "info"."""
    formatter = JsonFormatter(context) if log_format == "json" else HumanFormatter(context)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper() if level in LEVELS else logging.INFO)


def set_up_as_environment_says() -> None:
    """For the beginning, before there is a configuration."""
    set_up_logging(os.environ.get(FORMAT_VARIABLE, ""), os.environ.get(LEVEL_VARIABLE, ""))


def escape(text: str) -> str:
    """``text`` in one line of printable characters."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


class _Formatter(logging.Formatter):
    def __init__(self, context: Context = dict) -> None:
        super().__init__()
        self._context = context

    def _known(self, record: logging.LogRecord) -> dict[str, Any]:
        """Connection and session, where they are known; ``extra={"session": id}`` says the latter."""
        known = {key: value for key, value in self._context().items() if value}
        session = getattr(record, "session", None)
        return known | {"session": session} if session else known

    def _traceback(self, record: logging.LogRecord) -> str:
        return self.formatException(record.exc_info) if record.exc_info and record.exc_info[0] is not None else ""

    def _time(self, record: logging.LogRecord) -> str:
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


class HumanFormatter(_Formatter):
    """``2026-01-31T12:00:00.123Z WARNING ptyd.door: message [connection=3 session=1a2b3c4d]``; a traceback follows,
    each of its lines indented."""

    def format(self, record: logging.LogRecord) -> str:
        known = " ".join(f"{key}={value}" for key, value in self._known(record).items())
        head = f"{self._time(record)} {record.levelname} {record.name}: {record.getMessage()}"
        lines = [escape(f"{head} [{known}]" if known else head)]
        lines += [f"    {escape(line)}" for line in self._traceback(record).splitlines()]
        return "\n".join(lines)


class JsonFormatter(_Formatter):
    """One object in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        known: dict[str, Any] = {
            "time": self._time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._known(record),
        }
        if trace := self._traceback(record):
            known["error"] = trace
        # JSON leaves DEL as it is.
        return json.dumps(known, separators=(",", ":"), default=str).replace("\x7f", "\\u007f")
