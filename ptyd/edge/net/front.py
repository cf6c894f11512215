"""How the daemon is seen from outside: the proxies before it, the path under which it is served, its names."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from ptyd.config import Config, ConfigError
from ptyd.edge.net.client_address import NO_PROXIES, TrustedProxies


@dataclass(frozen=True, slots=True)
class Front:
    """``base_path``: "" or ``/ptyd``. ``public_url``: without a slash at its end, "" where there is none."""

    allowed_hosts: frozenset[str] = frozenset()
    proxies: TrustedProxies = NO_PROXIES
    base_path: str = ""
    public_url: str = ""

    @classmethod
    def of(cls, config: Config) -> Self:
        """Raises:
        ConfigError: an option makes no sense.
        """
        try:
            proxies = TrustedProxies(config.trusted_proxies)
        except ValueError as error:
            raise ConfigError(f"configuration: trusted_proxies: {error}") from error
        hosts = {host.lower() for host in config.allowed_hosts}
        public_url = config.public_url.rstrip("/")
        base_path = config.base_path.rstrip("/")
        if public_url:
            parts = urlsplit(public_url)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
                raise ConfigError(
                    f"configuration: public_url: {config.public_url!r} is not http(s)://HOST[:PORT][/PATH]"
                )
            hosts.add(parts.netloc.lower())
            base_path = base_path or parts.path
        if base_path and not base_path.startswith("/"):
            raise ConfigError(f"configuration: base_path: {config.base_path!r} does not begin with a slash")
        return cls(frozenset(hosts), proxies, base_path, public_url)

    def strip_base(self, path: str) -> str:
        """The path of one of our routes: without ``base_path``, which a proxy may have taken off already."""
        if self.base_path and (path == self.base_path or path.startswith(f"{self.base_path}/")):
            return path[len(self.base_path) :]
        return path

    @property
    def cookie_path(self) -> str:
        """Other applications of the same host need not see our cookies."""
        return f"{self.base_path}/"


NO_FRONT = Front()
