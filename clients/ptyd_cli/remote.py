"""``--host``: which daemon the verbs mean, and what cannot be done from afar."""

import os
import sys
from pathlib import Path

from ptyd_sdk.address import choose_target, chosen_target, find_target

from ptyd_cli.errors import CliError, ExitCode

HOST_VARIABLE = "PTYD_HOST"
TOKEN_VARIABLE = "PTYD_TOKEN"


def choose_daemon(
    host: str | None, token_file: Path | None, fingerprint: str | None, ca: Path | None, *, is_insecure: bool
) -> None:
    """Have every verb speak to ``host``, else to ``$PTYD_HOST``; "" or neither: this user's own daemon.

    The token is that of the file, else ``$PTYD_TOKEN``, else what ``ptyd login`` has saved.

    Raises:
        CliError: the address or the token's file cannot be used.
        PtydError: the saved logins cannot be read.
    """
    choose_target(None)
    host = os.environ.get(HOST_VARIABLE, "") if host is None else host
    if not host:
        if token_file or fingerprint or ca or is_insecure:
            raise CliError(ExitCode.USAGE, "--token-file, --fingerprint, --ca and --insecure go with --host")
        return
    token = read_token(token_file)
    try:
        choose_target(find_target(host, token, fingerprint, ca, is_insecure))
    except ValueError as error:
        raise CliError(ExitCode.USAGE, f"--host: {error}") from None


def read_token(file: Path | None) -> str | None:
    """From the file ("-": standard input), else from the environment. Never from the command line, which every user of
    the machine can read.

    Raises:
        CliError: the file cannot be read, or holds no token.
    """
    if file is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip() or None
    try:
        token = (sys.stdin.read() if str(file) == "-" else file.read_text()).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(ExitCode.USAGE, f"--token-file: {error}") from None
    if not token or not token.isascii() or any(char.isspace() for char in token):
        raise CliError(ExitCode.USAGE, f"--token-file: {file} does not hold one token")
    return token


def is_remote() -> bool:
    """Whether a daemon was named, in place of this user's own: it is not ours to start."""
    return chosen_target() is not None


def shares_machine() -> bool:
    """Whether the sessions' files and programs are those that we see. A Unix socket may in truth lead elsewhere, and
    then whoever forwards it has to name paths."""
    target = chosen_target()
    return target is None or target.address.path is not None


def remote_name() -> str:
    target = chosen_target()
    return "" if target is None else str(target.address)


def refuse_remote(what: str) -> None:
    """Raises:
    CliError: a daemon was named; ``what`` cannot be done for it.
    """
    if is_remote():
        raise CliError(ExitCode.USAGE, f"{what}: {remote_name()} was named by --host or ${HOST_VARIABLE}")
