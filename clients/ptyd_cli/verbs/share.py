"""``ptyd share``."""

import sys

import click
from ptyd_protocol.access import ShareParams, ShareResult, TokenInfo
from ptyd_protocol.daemon import ListenParams, StatusResult
from ptyd_protocol.methods import NoParams
from ptyd_protocol.sessions import SessionParams

from ptyd_cli.calls import ask, ask_about_session
from ptyd_cli.durations import Duration
from ptyd_cli.options import json_option, optional_session_argument
from ptyd_cli.output import print_json
from ptyd_cli.remote import is_remote, remote_name
from ptyd_cli.tokens import format_end, format_tokens

DEFAULT_SECONDS = 7200.0


@click.command("share")
@optional_session_argument
@click.option("--control", is_flag=True, help="Whoever has the link may type, too.")
@click.option("--for", "seconds", type=Duration(), default=DEFAULT_SECONDS, metavar="TIME", help="2h if not said.")
@click.option("--uses", type=click.IntRange(1, 1_000_000), metavar="N", help="So many browsers may log in by it.")
@click.option("--at", "base", metavar="URL", help="Where others reach the daemon, if that is elsewhere (a proxy).")
@click.option("--ls", "is_listed", is_flag=True, help="List the links there are.")
@json_option
def command(
    session: str,
    control: bool,
    seconds: float,
    uses: int | None,
    base: str | None,
    is_listed: bool,
    is_json: bool,
) -> None:
    """Make a link that opens session NAME, else the latest, in a browser, and nothing else.

    The link is a secret: whoever has it, is in, until it ends or `ptyd unshare`. It is not shown again. Whoever may
    type into a shell of yours can do there what you can.
    """
    if is_listed:
        list_links(is_json=is_json)
        return
    ask_about_session("get", SessionParams(session=session))
    listen_somewhere()
    share: ShareResult = ask("share", ShareParams(session=session, control=control, expires_seconds=seconds, uses=uses))
    base = remote_name() if base is None and is_remote() else base
    url = share.url if base is None else f"{base.rstrip('/')}/login#{share.secret}"
    if is_json:
        print_json({"url": url, "id": share.info.id, "info": share.info})
        return
    print(url)
    if sys.stdout.isatty() and url is not None:
        print_code(url)
    sys.stdout.flush()
    what = "look and type" if control else "only look"
    print(f"link {share.info.id}: {what}; ends in {format_end(share.info)}, or by `ptyd unshare`", file=sys.stderr)


def list_links(*, is_json: bool) -> None:
    tokens: list[TokenInfo] = ask("token_list", NoParams())
    links = [token for token in tokens if token.kind == "share"]
    if is_json:
        print_json(links)
    else:
        print(format_tokens(links) if links else "no links; `ptyd share` makes one")


def listen_somewhere() -> None:
    """A link leads to TCP: listen on this machine where the daemon does not yet."""
    status: StatusResult = ask("status", NoParams())
    if not any(listener.kind == "tcp" for listener in status.listeners):
        ask("listen", ListenParams())


def print_code(url: str) -> None:
    """The QR code of ``url``, in half blocks."""
    import segno  # noqa: PLC0415 - only where one is shown

    segno.make(url, micro=False, error="l").terminal(compact=True)
