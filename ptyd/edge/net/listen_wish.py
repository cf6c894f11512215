"""Where the daemon is to listen on TCP, whether that is safe, and under what name the keeper holds it."""

import ipaddress
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, urlencode

from ptyd_protocol.daemon import ListenParams
from ptyd_protocol.errors import ErrorCode, Refusal


@dataclass(frozen=True, slots=True)
class ListenWish:
    """``certificate`` and ``key``: paths, "" for what the configuration says."""

    host: str
    port: int
    is_tls: bool = False
    certificate: str = ""
    key: str = ""

    @classmethod
    def of(cls, params: ListenParams) -> Self:
        """Raises:
        Refusal: it would let the network listen in, or makes no sense.
        """
        if params.host != "localhost" and not is_address(params.host):
            raise Refusal(ErrorCode.BAD_REQUEST, f"{params.host!r} is not the address of an interface")
        if bool(params.tls_cert) != bool(params.tls_key):
            raise Refusal(ErrorCode.BAD_REQUEST, "a certificate and its key go together (tls_cert, tls_key)")
        is_tls = params.tls or bool(params.tls_cert)
        if not is_tls and not params.insecure and not is_loopback(params.host):
            raise Refusal(
                ErrorCode.NOT_ALLOWED,
                f"{params.host} is not a loopback address: without TLS everybody on the way could read and type. Listen"
                " with --tls, come through an SSH tunnel, or say --insecure if the network itself keeps secrets",
            )
        return cls(
            "127.0.0.1" if params.host == "localhost" else params.host,
            params.port,
            is_tls,
            params.tls_cert,
            params.tls_key,
        )

    @classmethod
    def from_name(cls, name: str) -> Self:
        """Raises:
        ValueError: it is no such name.
        """
        kind, _, place = name.partition(":")
        place, _, query = place.partition("?")
        host, _, port = place.rpartition(":")
        if kind not in {"tcp", "tls"}:
            raise ValueError(name)
        files = parse_qs(query)
        return cls(host, int(port), kind == "tls", *(files.get(word, [""])[0] for word in ("cert", "key")))

    def name(self) -> str:
        """``tcp:127.0.0.1:80``, ``tls:::1:443?cert=PATH&key=PATH``: what the next daemon has to know."""
        files = f"?{urlencode({'cert': self.certificate, 'key': self.key})}" if self.certificate else ""
        return f"{'tls' if self.is_tls else 'tcp'}:{self.host}:{self.port}{files}"


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can come there."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def format_place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
