"""How showing a session ended: the line that says so, and the exit code."""

import signal
from typing import NamedTuple

from ptyd_protocol.errors import ErrorCode
from ptyd_protocol.messages import Detached, Exited
from ptyd_sdk.errors import make_failure

from ptyd_cli.errors import ExitCode, exit_code_of
from ptyd_cli.output import printable, signal_name


class Ending(NamedTuple):
    line: str
    exit_code: int


def detached_from(name: str) -> Ending:
    """By the chord, or because somebody said `ptyd detach`."""
    return Ending(f"[detached (from session {printable(name)})]", 0)


def ended_by_signal(name: str, number: int) -> Ending:
    """A signal to us: the session goes on."""
    return Ending(f"[detached (from session {printable(name)}): {signal_name(number)}]", 128 + number)


def hung_up(name: str) -> Ending:
    """The terminal went away; nobody will read the line."""
    return ended_by_signal(name, signal.SIGHUP)


def exited(message: Exited) -> Ending:
    """The program ended; its status becomes ours."""
    why = f": {printable(message.reason)}" if message.reason else ""
    if message.signal is not None:
        code = 128 + message.signal
        return Ending(f"[exited {code} ({signal_name(message.signal)}){why}]", code)
    if message.code is None:
        return Ending(f"[exited, status unknown{why}]", 0)
    return Ending(f"[exited {message.code}{why}]", message.code)


def closed_by_daemon(name: str, message: Detached) -> Ending:
    """The daemon ended the attachment."""
    if message.code == ErrorCode.DETACHED:
        return detached_from(name)
    error = make_failure(message.code, message.message)
    return Ending(f"[detached (from session {printable(name)}): {printable(str(error))}]", exit_code_of(error))


def lost(name: str, error: Exception) -> Ending:
    """The daemon is gone and does not come back."""
    reason = printable(str(error))
    line = f"[lost (session {printable(name)}): {reason}; `ptyd up` and `ptyd attach` show what is left]"
    return Ending(line, ExitCode.UNREACHABLE)
