"""``ptyd login``."""

import hashlib
import ssl
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
from ptyd_protocol.methods import NoParams
from ptyd_sdk import oneshot
from ptyd_sdk.address import Address, Target, parse_address
from ptyd_sdk.errors import NotTrusted
from ptyd_sdk.saved_logins import SavedLogin, find_login, save_login

from ptyd_cli.errors import CliError, ExitCode
from ptyd_cli.remote import read_token

LOOK_TIMEOUT_SECONDS = 10.0


@click.command("login")
@click.argument("url")
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    metavar="FILE",
    help='Where the token is; "-" for standard input. Else $PTYD_TOKEN, else you are asked.',
)
@click.option("--fingerprint", metavar="SHA256", help="Of its certificate, as `ptyd status` says it there.")
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM file that vouches for it instead."
)
@click.option("--insecure", "is_insecure", is_flag=True, help="Speak to another machine without TLS.")
def command(url: str, token_file: Path | None, fingerprint: str | None, ca: Path | None, is_insecure: bool) -> None:
    """Remember how to get in at the daemon at URL: its token and its certificate.

    `ptyd --host URL ...`, or PTYD_HOST=URL, then needs no more. The token is what the file "token" in that daemon's
    directory holds, or one of `ptyd token`. `ptyd logout URL` forgets it.
    """
    try:
        address = parse_address(
            url, fingerprint=fingerprint, ca=None if ca is None else ca.absolute(), insecure=is_insecure
        )
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="URL") from None
    if address.path is not None:
        raise click.BadParameter("a Unix socket needs no login", param_hint="URL")
    token = read_token(token_file) or ask_token()
    address = try_out(address, token, may_ask=sys.stdin.isatty() and str(token_file) != "-")
    login = SavedLogin(token=token, fingerprint=address.fingerprint, ca=address.ca, insecure=is_insecure)
    save_login(address.base_url, login)
    print(f"logged in: `ptyd --host {address} ls`")


def ask_token() -> str:
    """Raises:
    CliError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise CliError(ExitCode.USAGE, "no token: give --token-file, or set PTYD_TOKEN")
    token: str = click.prompt("Token", hide_input=True)
    return token.strip()


def try_out(address: Address, token: str, *, may_ask: bool) -> Address:
    """Ask the daemon something; returns the address with the certificate that was accepted.

    Raises:
        PtydError: it is not reached, not trusted, or does not take the token.
    """
    try:
        oneshot.request("list", NoParams(), target=Target(address, token))
    except NotTrusted as error:
        if address.fingerprint or address.ca:
            raise
        shown = look_at_certificate(address)
        if not may_ask:
            raise NotTrusted(f"{error}. It shows {shown}: compare, and give --fingerprint") from None
        address = confirm_certificate(address, shown)
        oneshot.request("list", NoParams(), target=Target(address, token))
    return address


def look_at_certificate(address: Address) -> str:
    """The fingerprint of what is shown there, whoever shows it."""
    parts = urlsplit(address.base_url)
    place = (parts.hostname or "", parts.port or 443)
    try:
        certificate = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(place, timeout=LOOK_TIMEOUT_SECONDS))
    except (OSError, ValueError) as error:
        raise NotTrusted(f"{address} shows no certificate: {error}") from None
    return f"sha256:{hashlib.sha256(certificate).hexdigest()}"


def confirm_certificate(address: Address, shown: str) -> Address:
    known = find_login(address.base_url)
    if known is not None and known.fingerprint not in ("", shown):
        print(f"{address} has been known by another certificate until now:\n  {known.fingerprint}")
    print(f"nobody vouches for the certificate of {address}. It is\n  {shown}")
    click.confirm("Does `ptyd status` on that machine say the same?", abort=True)
    return parse_address(address.base_url, fingerprint=shown)
