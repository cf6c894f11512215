"""What an exception becomes: an exit code, and a word on standard error that says what to do."""

import errno
import os
import sys
from enum import IntEnum

import click
from ptyd_sdk import errors as sdk
from ptyd_sdk.address import chosen_target

from ptyd_cli.output import printable


class ExitCode(IntEnum):
    """Beside these: 0, and whatever the program in a session ended with."""

    FAILED = 1
    USAGE = 2
    NO_SUCH_SESSION = 3
    TAKEN = 4
    NOT_ALLOWED = 5
    UNREACHABLE = 6
    TIMEOUT = 124
    """As coreutils' ``timeout``."""
    INTERRUPTED = 130


class CliError(Exception):
    """Something that a verb itself finds wrong."""

    def __init__(self, exit_code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code


_EXIT_CODES: tuple[tuple[type[sdk.PtydError], ExitCode], ...] = (
    (sdk.NoSuchSession, ExitCode.NO_SUCH_SESSION),
    (sdk.AmbiguousSession, ExitCode.NO_SUCH_SESSION),
    (sdk.NoSuchToken, ExitCode.NO_SUCH_SESSION),
    (sdk.NoSuchConversation, ExitCode.NO_SUCH_SESSION),
    (sdk.NoSuchApproval, ExitCode.NO_SUCH_SESSION),
    (sdk.NoSuchPrompt, ExitCode.NO_SUCH_SESSION),
    (sdk.AmbiguousApproval, ExitCode.NO_SUCH_SESSION),
    (sdk.AlreadyAnswered, ExitCode.TAKEN),
    (sdk.NameTaken, ExitCode.TAKEN),
    (sdk.NotAllowed, ExitCode.NOT_ALLOWED),
    (sdk.PermissionDenied, ExitCode.NOT_ALLOWED),
    (sdk.NotAuthenticated, ExitCode.NOT_ALLOWED),
    (sdk.NotTrusted, ExitCode.NOT_ALLOWED),
    (sdk.TimedOut, ExitCode.TIMEOUT),
    (sdk.BadRequest, ExitCode.USAGE),
    (sdk.BadName, ExitCode.USAGE),
    (sdk.Unavailable, ExitCode.UNREACHABLE),
    (sdk.DaemonUnreachable, ExitCode.UNREACHABLE),
    (sdk.ConnectionLost, ExitCode.UNREACHABLE),
)

_HINTS: tuple[tuple[type[sdk.PtydError], str], ...] = (
    (sdk.NoSuchSession, "`ptyd ls` lists the sessions"),
    (sdk.AmbiguousSession, "give more of the name, or the id that `ptyd ls` shows"),
    (sdk.NoSuchApproval, "`ptyd approvals` lists what waits"),
    (sdk.NameTaken, "choose another name, or `ptyd attach` to that session"),
    (sdk.TooManySessions, "`ptyd kill` one, or raise max_sessions in the daemon's configuration"),
    (sdk.NotAuthenticated, "`ptyd login URL` saves another token"),
    (sdk.NotTrusted, "`ptyd login URL --fingerprint sha256:...` saves another certificate"),
    (sdk.DaemonUnreachable, "`ptyd up` starts the daemon"),
    (sdk.ConnectionLost, "`ptyd status` says how the daemon is; it may have carried the request out"),
)


def report(error: BaseException) -> int:
    """Say on standard error what went wrong, and return the exit code for it. Re-raises what nobody
    foresaw."""
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    if isinstance(error, CliError):
        say(str(error))
        return error.exit_code
    if isinstance(error, BrokenPipeError) or (isinstance(error, OSError) and error.errno == errno.EPIPE):
        _discard_output()
        return ExitCode.FAILED
    if isinstance(error, sdk.PtydError):
        hint = next((hint for kind, hint in _HINTS if isinstance(error, kind)), None)
        if isinstance(error, sdk.DaemonUnreachable) and chosen_target() is not None:
            hint = "`ptyd up --listen ... --tls` starts it on that machine"
        say(f"{error} ({hint})" if hint else str(error))
        return exit_code_of(error)
    raise error


def exit_code_of(error: sdk.PtydError) -> ExitCode:
    """The exit code that stands for one of the SDK's errors."""
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), ExitCode.FAILED)


def say(message: str) -> None:
    """One line for people, on standard error; a longer text's other lines are set in, so that none looks like ours.
    It may quote what a stranger has chosen: control characters are shown."""
    first, *others = message.split("\n")
    print("\n".join([f"ptyd: {printable(first)}", *(f"  {printable(line)}" for line in others)]), file=sys.stderr)


def _discard_output() -> None:
    """Nobody reads our output any more (``ptyd ls | head -1``): keep the interpreter's last flush from
    complaining."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
