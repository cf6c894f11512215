"""``ptyd unshare``."""

import click
from ptyd_protocol.access import TokenInfo, TokenRevokeParams
from ptyd_protocol.methods import NoParams

from ptyd_cli.calls import ask
from ptyd_cli.errors import CliError, ExitCode


@click.command("unshare")
@click.argument("link", metavar="NAME|ID")
def command(link: str) -> None:
    """End a link by its id, or all links to session NAME, at once: what is open by them closes."""
    tokens: list[TokenInfo] = ask("token_list", NoParams())
    if any(token.kind == "share" and link in {token.id, token.name} for token in tokens):
        ask("token_revoke", TokenRevokeParams(token=link))
        return
    ended: list[TokenInfo] = ask("token_revoke", TokenRevokeParams(session=link))
    if not ended:
        raise CliError(
            ExitCode.NO_SUCH_SESSION, f"session {link} has no links; `ptyd share --ls` lists those there are"
        )
