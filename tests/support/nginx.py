"""nginx, with the very configuration that docs/reverse-proxy.md gives, before a daemon under test."""

import contextlib
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.certificates import TestCertificate
from tests.support.waiting import stretch_deadline, wait_until

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reverse-proxy.md"

NGINX = "/usr/sbin/nginx"

CONFIG = """
daemon off;
master_process off;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{}}
http {{
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
{documented}
}}
"""


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


@contextlib.contextmanager
def running_nginx(place: Path, port: int, daemon_port: int, made: TestCertificate, *, strips: bool) -> Iterator[None]:
    """Serves ``https://localhost:port/ptyd/``; ``strips``: it takes ``/ptyd`` off, as documented."""
    found = re.search(r"```nginx\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    text = found[1]
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("example.org;", "localhost;"),
        ("/etc/ssl/example.org.pem", str(made.certificate)),
        ("/etc/ssl/example.org.key", str(made.key)),
        ("http://127.0.0.1:7070/;", f"http://127.0.0.1:{daemon_port}{'/' if strips else ''};"),
    ):
        assert old in text
        text = text.replace(old, new)
    config = place / "nginx.conf"
    config.write_text(CONFIG.format(place=place, documented=text))
    command = [NGINX, "-p", str(place), "-c", str(config), "-e", f"{place}/error.log"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as nginx:
        try:
            wait_until(lambda: can_connect(port) or nginx.poll() is not None, what="nginx to listen")
            assert nginx.poll() is None, (place / "error.log").read_text()
            yield
        finally:
            nginx.terminate()
            nginx.wait(stretch_deadline(20))


def can_connect(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
