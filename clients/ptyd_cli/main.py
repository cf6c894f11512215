"""The command ``ptyd``: the table of verbs, and what an exception becomes.

A verb's module is imported when the verb is used, so that ``ptyd --help`` and ``ptyd ls`` stay quick.
"""

import gc
import importlib
import sys
from pathlib import Path
from typing import Any, NamedTuple

import click


class Verb(NamedTuple):
    module: str
    help: str


VERBS: dict[str, Verb] = {
    "new": Verb("new", "Start a session and attach to it."),
    "claude": Verb("claude", "Start a session that runs Claude Code."),
    "attach": Verb("attach", "Show a session in this terminal."),
    "detach": Verb("detach", "Detach everybody from a session."),
    "ls": Verb("ls", "List the sessions."),
    "kill": Verb("kill", "End a session, or send it a signal."),
    "rename": Verb("rename", "Give a session another name."),
    "resize": Verb("resize", "Change the size of a session's terminal."),
    "approvals": Verb("approvals", "List what waits for permission or an answer."),
    "approve": Verb("approve", "Allow it."),
    "deny": Verb("deny", "Deny it."),
    "ask": Verb("ask", "Give a session's program a prompt, and wait for its answer."),
    "prompts": Verb("prompts", "List the prompts that wait for a session; change or drop them."),
    "send": Verb("send", "Type into a session."),
    "put": Verb("put", "Give a session files, and paste their paths into its program."),
    "get": Verb("get", "Fetch a file from a session's directory."),
    "lock": Verb("lock", "Keep typing from taking over a session's size."),
    "unlock": Verb("unlock", "Let typing take it over again."),
    "capture": Verb("capture", "Print what a session shows: text, VT, HTML or JSON."),
    "wait": Verb("wait", "Wait until a session ends, prints something or falls silent."),
    "events": Verb("events", "Print what has happened to the sessions, or follow it."),
    "explain": Verb("explain", "Say what a session is doing, and why ptyd thinks so."),
    "tail": Verb("tail", "Print the end of a session's raw output."),
    "export": Verb("export", "Write what a session has shown as a recording."),
    "mark": Verb("mark", "Set a mark in a session's recording."),
    "play": Verb("play", "Play a recording."),
    "share": Verb("share", "Make a link that opens one session in a browser."),
    "unshare": Verb("unshare", "End a link, or all of a session."),
    "token": Verb("token", "Make, list and revoke tokens for others."),
    "up": Verb("up", "Start the daemon; serve the web client."),
    "down": Verb("down", "Stop the daemon."),
    "restart": Verb("restart", "Replace the daemon; the sessions go on."),
    "top": Verb("top", "Watch the sessions: what they use and do."),
    "audit": Verb("audit", "Say who did what: created, attached, typed, killed, was refused."),
    "notify": Verb("notify", "Try the notifications that the configuration asks for."),
    "status": Verb("status", "Say how the daemon is."),
    "login": Verb("login", "Remember how to get in at a daemon elsewhere."),
    "logout": Verb("logout", "Forget that."),
    "run": Verb("run", "Ask Claude Code one thing without a terminal."),
    "runs": Verb("runs", "List such runs; stop one."),
    "conversations": Verb("conversations", "List, search and export conversations of Claude Code."),
    "resume": Verb("resume", "Go on with a conversation in a new session."),
    "fork": Verb("fork", "Go on with a copy of a conversation."),
    "keep": Verb("keep", "Say whether a Claude session comes back."),
    "cost": Verb("cost", "Say what conversations have cost."),
    "doctor": Verb("doctor", "Check the installation and say what to mend."),
}
"""Every verb: the module in ptyd_cli.verbs that holds its ``command``, and its line in ``ptyd --help``."""

EXIT_CODES = """\b
Exit codes: 0, or the program's own (128 + signal if one ended it);
2 usage, 3 no such session, 4 name taken, 5 not allowed,
6 daemon unreachable, 124 timeout, 1 anything else."""


class VerbGroup(click.Group):
    """A group that knows its commands from VERBS and imports one when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        command: click.Command = importlib.import_module(f"ptyd_cli.verbs.{verb.module}").command
        gc.enable()  # see ptyd_cli/__main__.py
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.help) for name, verb in VERBS.items()])


def _print_version(ctx: click.Context, _param: click.Parameter, is_wanted: bool) -> None:
    if not is_wanted or ctx.resilient_parsing:
        return
    from ptyd_protocol.version import __version__  # noqa: PLC0415 - not on the way of the verbs

    click.echo(f"ptyd {__version__}")
    ctx.exit()


@click.group(
    cls=VerbGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
@click.option(
    "--host",
    metavar="URL",
    help="Speak to the daemon at URL: https://HOST:PORT[/PREFIX], unix:///PATH. Else $PTYD_HOST.",
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    metavar="FILE",
    help="The token for it. Else $PTYD_TOKEN, else what `ptyd login` has saved.",
)
@click.option("--fingerprint", metavar="SHA256", help="The one certificate that it may show.")
@click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="PEM file of who vouches for its certificate.",
)
@click.option("--insecure", "is_insecure", is_flag=True, help="Speak to another machine without TLS.")
@click.pass_context
def ptyd(
    ctx: click.Context,
    host: str | None,
    token_file: Path | None,
    fingerprint: str | None,
    ca: Path | None,
    is_insecure: bool,
) -> None:
    """Terminal sessions that outlive their terminals: attach from a terminal, a browser or a program.

    Without a verb: list the sessions. NAME is a session's name, an unambiguous beginning of it, or its id.
    """
    from ptyd_cli.remote import choose_daemon  # noqa: PLC0415 - not for --help

    choose_daemon(host, token_file, fingerprint, ca, is_insecure=is_insecure)
    if ctx.invoked_subcommand is None:
        from ptyd_cli.verbs.ls import command  # noqa: PLC0415 - as every verb

        ctx.invoke(command, is_json=False, is_long=False)


def run(arguments: list[str]) -> int:
    """Run ``ptyd`` with these arguments and return its exit code; what went wrong is on standard error."""
    try:
        result: Any = ptyd.main(args=arguments, prog_name="ptyd", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:
        from ptyd_cli.errors import report  # noqa: PLC0415 - only when there is something to report

        return report(error)
    return result if isinstance(result, int) else 0
