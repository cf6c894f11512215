"""``ptyd logout``."""

import click
from ptyd_sdk.address import parse_address
from ptyd_sdk.saved_logins import forget_login

from ptyd_cli.errors import CliError, ExitCode


@click.command("logout")
@click.argument("url")
def command(url: str) -> None:
    """Forget what `ptyd login` has saved for URL. The token itself stays good: revoke it at the daemon."""
    try:
        base_url = parse_address(url, insecure=True).base_url
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="URL") from None
    if not forget_login(base_url):
        raise CliError(ExitCode.FAILED, f"nothing is saved for {base_url}")
    print(f"forgotten: {base_url}")
