"""What `ptyd new` and `ptyd claude` share: making a session and attaching to it."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
from ptyd_protocol import limits
from ptyd_protocol.conversations import KeepPolicy
from ptyd_protocol.environment import inherited_environment
from ptyd_protocol.session_limits import SessionLimits
from ptyd_protocol.sessions import CreateParams, SessionInfo

from ptyd_cli.calls import ask
from ptyd_cli.errors import CliError, ExitCode
from ptyd_cli.limit_words import limit_option
from ptyd_cli.options import clipboard_option, json_option
from ptyd_cli.output import print_json, printable
from ptyd_cli.remote import shares_machine

CLAUDE = "claude"
CLAUDE_VARIABLE = "PTYD_CLAUDE"

Function = TypeVar("Function", bound=Callable[..., Any])


class Wish(NamedTuple):
    """The options of a new session, as they were given."""

    name: str
    is_detached: bool
    directory: str
    variables: tuple[str, ...]
    cols: int | None
    rows: int | None
    is_forced: bool
    is_json: bool
    recording: Path | None = None
    is_input_recorded: bool = False
    limits: SessionLimits = SessionLimits()
    clipboard: str | None = None
    keep: KeepPolicy | None = None
    is_restarted: bool = False


KEEP_OPTIONS = [
    click.option(
        "--keep",
        type=click.Choice(["never", "ask", "always"]),
        help="Of Claude Code: what becomes of it when it is ended with the daemon or the machine: nothing, it is"
        " offered again (`ptyd resume`), or started again.",
    ),
    click.option(
        "--restart-on-failure",
        "is_restarted",
        is_flag=True,
        help="Of Claude Code: start it again where it fails, some times and later and later.",
    ),
]


def creation_options(function: Function) -> Function:
    """The options of `ptyd new`, which the function gets as Wish's fields."""
    options = [
        click.option("-n", "--name", default="", metavar="NAME", help="Its name; else made from the command."),
        click.option("-d", "--detached", "is_detached", is_flag=True, help="Do not attach; print its name."),
        click.option(
            "-c", "--directory", default="", metavar="DIR", help="Where it starts; else the current directory."
        ),
        click.option(
            "-e",
            "--env",
            "variables",
            multiple=True,
            metavar="K=V",
            help="Set an environment variable; K alone takes it over from here. May be given several times.",
        ),
        click.option("--cols", type=click.IntRange(limits.MIN_COLS, limits.MAX_COLS), help="Columns, when detached."),
        click.option("--rows", type=click.IntRange(limits.MIN_ROWS, limits.MAX_ROWS), help="Rows, when detached."),
        click.option("--force", "is_forced", is_flag=True, help="Attach even inside another session."),
        json_option,
        click.option(
            "--record",
            "recording",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Record it to FILE, which must not exist, as asciicast.",
        ),
        click.option(
            "--record-input",
            "is_input_recorded",
            is_flag=True,
            help="Record what is typed, too: passwords and all.",
        ),
        limit_option,
        clipboard_option,
        *KEEP_OPTIONS,
    ]
    for option in reversed(options):
        function = option(function)
    return function


def create_and_attach(argv: Sequence[str], kind: str, wish: Wish) -> int:
    """Create the session; attach to it unless that is not wanted. Returns the exit code.

    Raises:
        CliError: attaching is wanted and impossible; nothing has been created then.
        PtydError: the daemon refused.
    """
    if wish.is_input_recorded and wish.recording is None:
        raise click.UsageError("--record-input goes with --record")
    return make_and_attach(wish, lambda size: ask("create", build_params(argv, kind, wish, size)))


def make_and_attach(wish: Wish, make: Callable[[tuple[int, int]], SessionInfo], verb: str = "new") -> int:
    """``make`` the session, of a size in (columns, rows); attach to it unless that is not wanted. The exit code.

    Raises:
        CliError: attaching is wanted and impossible; nothing has been made then.
        PtydError: the daemon refused.
    """
    if wish.is_detached:
        report_created(make((80, 24)), is_json=wish.is_json)
        return 0
    if wish.is_json:
        raise click.UsageError("--json goes with -d")

    # What only attaching needs: asyncio, websockets.
    from ptyd_cli.attach.attach import attach_terminal  # noqa: PLC0415
    from ptyd_cli.attach.nesting import refuse_nesting  # noqa: PLC0415
    from ptyd_cli.attach.outer_terminal import open_outer_terminal  # noqa: PLC0415
    from ptyd_cli.settings import load_detach_keys, load_may_copy  # noqa: PLC0415

    keys, may_copy = load_detach_keys(), load_may_copy(wish.clipboard)
    terminal = open_outer_terminal(f"`ptyd {verb}` without -d")
    refuse_nesting(None, is_forced=wish.is_forced)
    info = make(terminal.size())
    return attach_terminal(terminal, info.id, keys, is_new=True, may_copy=may_copy)


def report_created(info: SessionInfo, *, is_json: bool) -> None:
    if is_json:
        print_json(info)
    else:
        print(printable(info.name))


def build_params(argv: Sequence[str], kind: str, wish: Wish, size: tuple[int, int]) -> CreateParams:
    """The request, with the part of our environment that sessions inherit."""
    cols, rows = choose_size(wish, size)
    return CreateParams(
        argv=list(argv),
        name=wish.name,
        cwd=place_on_machine("-c", Path(wish.directory or ".")) if wish.directory or shares_machine() else "",
        env=build_environment(wish, kind),
        cols=cols,
        rows=rows,
        kind=kind,
        record="" if wish.recording is None else place_on_machine("--record", wish.recording),
        record_input=wish.is_input_recorded,
        limits=wish.limits,
        keep=wish.keep,
        restart_on_failure=wish.is_restarted,
    )


def choose_size(wish: Wish, size: tuple[int, int]) -> tuple[int, int]:
    """What is wished for, else ``size`` as far as there may be such a terminal; (columns, rows)."""
    cols, rows = size
    return (
        wish.cols or min(max(cols, limits.MIN_COLS), limits.MAX_COLS),
        wish.rows or min(max(rows, limits.MIN_ROWS), limits.MAX_ROWS),
    )


def build_environment(wish: Wish, kind: str) -> dict[str, str]:
    """The part of ours that sessions inherit, with what is wished for."""
    return (inherited_environment(os.environ, kind) if shares_machine() else {}) | read_variables(wish.variables)


def place_on_machine(option: str, path: Path) -> str:
    """An absolute path on the daemon's machine, of which only this one's can be made out of a relative one."""
    if shares_machine():
        return str(path.expanduser().absolute())
    if not path.is_absolute():
        raise click.BadParameter(f"{str(path)!r} is not absolute, and the session is elsewhere", param_hint=option)
    return str(path)


def read_variables(words: Sequence[str]) -> dict[str, str]:
    """``K=V`` as they are, ``K`` with our own value, if there is one."""
    variables: dict[str, str] = {}
    for word in words:
        name, has_value, value = word.partition("=")
        if not name:
            raise click.BadParameter(f"{word!r} is not NAME=VALUE", param_hint="-e")
        if has_value:
            variables[name] = value
        elif name in os.environ:
            variables[name] = os.environ[name]
        else:
            print(f"ptyd: -e {name}: not set here, so not passed on", file=sys.stderr)
    return variables


def kind_of(argv: Sequence[str]) -> str:
    """Which program's knowledge applies to a command."""
    return CLAUDE if argv and Path(argv[0]).name == CLAUDE else "command"


def find_claude() -> str:
    """The Claude Code program: ``$PTYD_CLAUDE``, else ``claude`` of the PATH.

    Raises:
        CliError: there is none.
    """
    if not shares_machine():
        return CLAUDE  # of the PATH there
    wanted = os.environ.get(CLAUDE_VARIABLE) or CLAUDE
    found = shutil.which(wanted)
    if found is None:
        where = f"${CLAUDE_VARIABLE} names {wanted!r}, which" if wanted != CLAUDE else "`claude`"
        raise CliError(
            ExitCode.FAILED,
            f"{where} is not an executable program here; install Claude Code, or set {CLAUDE_VARIABLE} to its path",
        )
    return str(Path(found).absolute())
