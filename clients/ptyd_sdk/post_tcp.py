"""One POST over TCP, by TLS and by way of a proxy where that has to be."""

import contextlib
import http.client
import os
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from ptyd_sdk.address import Address, check_certificate, explain_untrusted, is_loopback, make_tls_context
from ptyd_sdk.errors import NotTrusted
from ptyd_sdk.post_unix import BadAnswer


class _TlsConnection(http.client.HTTPSConnection):
    """Looks at the certificate before anything is sent."""

    def __init__(self, host: str, timeout: float | None, address: Address) -> None:
        super().__init__(host, timeout=timeout, context=make_tls_context(address))
        self._address = address

    def connect(self) -> None:
        super().connect()
        try:
            check_certificate(self._address, self.sock.getpeercert(True))
        except NotTrusted:
            self.close()
            raise


class TcpPoster:
    """A connection for one request. ``timeout`` in seconds counts for each step."""

    def __init__(self, address: Address, timeout: float | None) -> None:
        self._address = address
        host = urlsplit(address.url).netloc
        proxy = _find_proxy(address)
        self._connection = (
            _TlsConnection(proxy or host, timeout, address)
            if address.is_tls
            else http.client.HTTPConnection(proxy or host, timeout=timeout)
        )
        if proxy:
            self._connection.set_tunnel(host)

    def connect(self) -> None:
        """Raises OSError: nobody listens. NotTrusted: its certificate is not the right one."""
        try:
            self._connection.connect()
        except ssl.SSLCertVerificationError as error:
            raise explain_untrusted(self._address, error) from error

    def post(self, route: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer.

        Raises:
            OSError, BadAnswer: it did not come, or not whole.
        """
        try:
            # A daemon that refuses at the headers may answer and close before it has read the body.
            with contextlib.suppress(BrokenPipeError):
                self._connection.request("POST", route, body, dict(headers))
            response = self._connection.getresponse()
            return response.status, response.read()
        except http.client.HTTPException as error:
            raise BadAnswer(str(error)) from error

    def close(self) -> None:
        self._connection.close()


def _find_proxy(address: Address) -> str | None:
    """HOST:PORT of the proxy that leads out of this network, if the environment names one; never to this machine."""
    parts = urlsplit(address.base_url)
    if is_loopback(parts.hostname or "") or not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - seldom needed

    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None
    return urlsplit(proxy).netloc.rpartition("@")[2]
