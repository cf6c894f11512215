"""Where a daemon is, how it is known to be the right one, and what lets us in there.

Imports neither asyncio nor websockets, and ssl only where it is needed: quick programs need it too.
"""

import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from ptyd_sdk import discovery
from ptyd_sdk.errors import NotTrusted

if TYPE_CHECKING:
    import ssl

_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_FINGERPRINT = re.compile(r"sha-?256:((?:[0-9a-f]{2}:?){32})", re.IGNORECASE)


class Address(Struct, frozen=True):
    """Where a daemon listens: on a Unix socket (``path``), or at a URL (of its WebSocket).

    ``fingerprint``: the only certificate to be accepted. ``ca``: a file of PEM certificates to trust in place of the
    system's.
    """

    url: str
    path: Path | None = None
    fingerprint: str = ""
    ca: str = ""

    def __str__(self) -> str:
        return str(self.path or self.base_url)

    @property
    def base_url(self) -> str:
        """``http(s)://host:port[/prefix]``, without a slash at the end."""
        return "http" + self.url.removeprefix("ws").removesuffix("/ws")

    @property
    def is_tls(self) -> bool:
        return self.path is None and self.url.startswith("wss:")


class Target(Struct, frozen=True):
    """A daemon, and the token that lets us in (None: none is needed, or none is to be had)."""

    address: Address
    token: str | None = None


def parse_address(
    text: str | None, *, fingerprint: str | None = None, ca: str | Path | None = None, insecure: bool = False
) -> Address:
    """``None`` (this user's daemon), ``unix:///path``, or ``http(s)://`` or ``ws(s)://host:port[/prefix]``, with the
    fingerprint of the certificate as its fragment (``#sha256:...``) where that is known.

    ``insecure``: another machine may be spoken to without TLS.

    Raises:
        ValueError: it is none of these, or would carry the token over a network in the clear.
    """
    if text is None:
        return Address("ws://localhost/ws", discovery.socket_path())
    parts = urlsplit(text)
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return Address("ws://localhost/ws", Path(parts.path))
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None or not parts.hostname or parts.username or parts.query:
        raise ValueError(f"not an address of a ptyd daemon: {text!r}")
    pin = normalise_fingerprint(fingerprint or parts.fragment) if fingerprint or parts.fragment else ""
    address = Address(
        f"{scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}/ws", None, pin, "" if ca is None else str(ca)
    )
    if not address.is_tls and (pin or ca):
        raise ValueError(f"{address} has no certificate that could be checked: say https://")
    if not address.is_tls and not insecure and not is_loopback(parts.hostname):
        raise ValueError(
            f"{address} would carry the token and all that is typed in the clear: say https://, or insecure"
        )
    return address


def is_loopback(host: str) -> bool:
    """Whether a host of a URL is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def normalise_fingerprint(text: str) -> str:
    """``sha256:`` and 64 hexadecimal digits out of that, in upper case or with colons, too.

    Raises:
        ValueError: it is no such fingerprint.
    """
    match = _FINGERPRINT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a fingerprint (sha256: and 64 hexadecimal digits): {text!r}")
    return "sha256:" + match[1].replace(":", "").lower()


def make_tls_context(address: Address) -> "ssl.SSLContext":
    """For the connection itself; where a certificate is pinned, ``check_certificate`` has to follow at once.

    Raises:
        NotTrusted: the CA's file cannot be used.
    """
    import ssl  # noqa: PLC0415 - only for other machines

    try:
        context = ssl.create_default_context(cafile=address.ca or None)
    except OSError as error:
        raise NotTrusted(f"{address.ca} cannot be used as a list of certificates: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if address.fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def check_certificate(address: Address, certificate: bytes | None) -> None:
    """``certificate``: what the daemon has shown, as DER. Before anything is sent.

    Raises:
        NotTrusted: another one is pinned.
    """
    if not address.fingerprint:
        return  # the context has seen to it
    import hashlib  # noqa: PLC0415 - only for other machines

    shown = f"sha256:{hashlib.sha256(certificate or b'').hexdigest()}"
    if shown != address.fingerprint:
        raise NotTrusted(
            f"{address} shows another certificate than the one that is known: it is {shown} and should be"
            f" {address.fingerprint}. Either the daemon has a new one, or somebody stands between. Nothing was sent"
        )


def explain_untrusted(address: Address, error: "ssl.SSLCertVerificationError") -> NotTrusted:
    """Nobody whom we trust vouches for the certificate."""
    reason = error.verify_message or error.reason
    return NotTrusted(
        f"the certificate of {address} is not to be trusted: {reason}. If it is one of the daemon's own making,"
        " give its fingerprint, as `ptyd status` says it there"
    )


_chosen: Target | None = None


def choose_target(target: Target | None) -> None:
    """Which daemon ``connect()`` and ``oneshot.request()`` mean in this process where no host is named. None: this
    user's own."""
    global _chosen
    _chosen = target


def chosen_target() -> Target | None:
    """What ``choose_target`` was told."""
    return _chosen


def find_target(
    host: str | None = None,
    token: str | None = None,
    fingerprint: str | None = None,
    ca: str | Path | None = None,
    insecure: bool = False,
) -> Target:
    """Completed by what ``ptyd login`` has saved for that host; without one, this process' chosen daemon.

    Raises:
        ValueError: as ``parse_address``.
        PtydError: the saved logins cannot be read.
    """
    if host is None:
        if fingerprint or ca:
            raise ValueError("fingerprint and ca go with a host")
        return chosen_target() or Target(parse_address(None), token)
    if host.startswith("unix:"):
        return Target(parse_address(host), token)
    from ptyd_sdk.saved_logins import find_login  # noqa: PLC0415 - only for other machines

    saved = find_login(parse_address(host, insecure=True).base_url)
    if saved is None:
        return Target(parse_address(host, fingerprint=fingerprint, ca=ca, insecure=insecure), token)
    # Whoever names a certificate or a CA does not want the saved ones.
    is_checked_anew = fingerprint or ca or urlsplit(host).fragment
    address = parse_address(
        host,
        fingerprint=fingerprint if is_checked_anew else saved.fingerprint,
        ca=ca if is_checked_anew else saved.ca or None,
        insecure=insecure or saved.insecure,
    )
    return Target(address, token or saved.token)
