"""``ptyd token``."""

import sys

import click
from ptyd_protocol.access import Right, TokenCreated, TokenCreateParams, TokenInfo, TokenRevokeParams
from ptyd_protocol.methods import NoParams

from ptyd_cli.calls import ask
from ptyd_cli.durations import Duration
from ptyd_cli.options import json_option
from ptyd_cli.output import print_json
from ptyd_cli.tokens import format_end, format_tokens


@click.group("token")
def command() -> None:
    """Tokens let others in over TCP, with less than everything.

    Whoever may control a shell, or create sessions, can do what you can on this machine, outside ptyd, too.
    """


@command.command("create")
@click.argument("name", metavar="[NAME]", required=False, default="")
@click.option(
    "--may",
    "rights",
    type=click.Choice(["observe", "control", "create", "admin"]),
    multiple=True,
    default=["observe"],
    help="What it allows; may be given several times. observe if not said.",
)
@click.option("--session", metavar="NAME", help="For this session only.")
@click.option("--for", "seconds", type=Duration(), metavar="TIME", help="Ends by itself: 90s, 30m, 2h, 7d.")
@click.option("--uses", type=click.IntRange(1, 1_000_000), metavar="N", help="May be shown so often, and no more.")
@json_option
def create(
    name: str, rights: tuple[Right, ...], session: str | None, seconds: float | None, uses: int | None, is_json: bool
) -> None:
    """Make a token and print it. It is not shown again.

    observe looks at sessions; control types and ends them, too; create starts sessions, and controls those; admin may
    everything.
    """
    made: TokenCreated = ask(
        "token_create",
        TokenCreateParams(rights=list(rights), session=session, name=name, expires_seconds=seconds, uses=uses),
    )
    if is_json:
        print_json(made)
        return
    print(made.token)
    sys.stdout.flush()
    print(f"token {made.info.name}, id {made.info.id}, ends in: {format_end(made.info)}", file=sys.stderr)


@command.command("ls")
@json_option
def list_tokens(is_json: bool) -> None:
    """List tokens and links, without their secrets."""
    tokens: list[TokenInfo] = ask("token_list", NoParams())
    if is_json:
        print_json(tokens)
    else:
        print(format_tokens(tokens) if tokens else "no tokens; `ptyd token create` makes one")


@command.command("revoke")
@click.argument("token", metavar="NAME|ID")
def revoke(token: str) -> None:
    """End a token or a link at once, and close what is open by it."""
    ask("token_revoke", TokenRevokeParams(token=token))
