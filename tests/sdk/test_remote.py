"""Daemons that are reached by TCP: with TLS, a certificate that is known, and not without."""

import asyncio
import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol.daemon import StatusResult
from ptyd_protocol.sessions import CreateParams
from ptyd_sdk import DaemonUnreachable, NotAuthenticated, NotTrusted, PtydError, blocking, connect, oneshot
from ptyd_sdk.address import Target, choose_target, find_target, normalise_fingerprint, parse_address
from ptyd_sdk.saved_logins import SavedLogin, find_login, forget_login, load_logins, logins_path, save_login

from tests.support.certificates import TestCertificate, make_certificate
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import wait_until_async

PIN = "sha256:" + "ab" * 32


class Remote:
    """A daemon with a certificate that this machine does not know."""

    def __init__(self, ptyd: PtydUnderTest, made: TestCertificate) -> None:
        place = ptyd.request("listen", tls_cert=str(made.certificate), tls_key=str(made.key))
        self.ptyd = ptyd
        self.made = made
        self.url = f"https://localhost:{place['port']}"
        self.token: str = ptyd.request("access_token")["token"]


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    with running_ptyd() as ptyd:
        yield Remote(ptyd, make_certificate(tmp_path_factory.mktemp("tls")))


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


# --- addresses


@pytest.mark.parametrize("text", [PIN, PIN.upper(), "SHA-256:" + ":".join(["AB"] * 32), f" {PIN}\n"])
def test_fingerprints(text: str) -> None:
    assert normalise_fingerprint(text) == PIN


@pytest.mark.parametrize("text", ["", "ab" * 32, PIN[:-1], PIN + "0", "sha1:" + "ab" * 20, PIN.replace("b", "g")])
def test_no_fingerprints(text: str) -> None:
    with pytest.raises(ValueError, match="not a fingerprint"):
        normalise_fingerprint(text)


def test_fingerprint_in_the_address() -> None:
    address = parse_address(f"https://Box.example:8443/ptyd/#{PIN.upper()}")
    assert (address.url, address.fingerprint) == ("wss://box.example:8443/ptyd/ws", PIN)
    assert (str(address), address.base_url) == ("https://box.example:8443/ptyd",) * 2


@pytest.mark.parametrize("host", ["http://box.example:80", "ws://192.0.2.1:80", "http://[2001:db8::1]/x"])
def test_other_machines_in_the_clear_only_on_purpose(host: str) -> None:
    with pytest.raises(ValueError, match="in the clear"):
        connect(host, token="x")
    assert parse_address(host, insecure=True).url.startswith("ws://")


def test_what_has_no_certificate_cannot_be_pinned() -> None:
    for more in ({"fingerprint": PIN}, {"ca": "/x"}):
        with pytest.raises(ValueError, match="no certificate"):
            parse_address("http://localhost:1", **more)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="go with a host"):
        connect(fingerprint=PIN)


# --- certificates


async def test_pinned_certificate(remote: Remote) -> None:
    async with connect(host=remote.url, token=remote.token, fingerprint=remote.made.fingerprint.upper()) as ptyd:
        session = await ptyd.create(["cat"], name="far")
        async with session.attach() as term:
            await term.write(b"far away\n")
            seen = b""
            async for chunk in term:
                seen += chunk
                if seen.count(b"far away") == 2:
                    break
        await session.kill()
    async with connect(f"{remote.url}/#{remote.made.fingerprint}", token=remote.token) as ptyd:
        assert (await ptyd.status()).daemon_pid == remote.ptyd.daemon_pid()


def test_blocking_and_one_shot_faces(remote: Remote) -> None:
    with blocking.connect(host=remote.url, token=remote.token, fingerprint=remote.made.fingerprint) as ptyd:
        assert ptyd.status().daemon_pid == remote.ptyd.daemon_pid()
    target = find_target(remote.url, remote.token, remote.made.fingerprint)
    status = oneshot.request("status", target=target)
    assert isinstance(status, StatusResult) and status.daemon_pid == remote.ptyd.daemon_pid()
    info = oneshot.request("create", CreateParams(argv=["cat"]), target=target)
    oneshot.request("kill", {"session": info.id}, target=target)


async def test_certificate_of_a_ca(remote: Remote) -> None:
    async with connect(remote.url, token=remote.token, ca=remote.made.certificate) as ptyd:
        assert await ptyd.sessions() is not None
    assert oneshot.request("list", target=find_target(remote.url, remote.token, ca=remote.made.certificate)) is not None
    # The CA vouches for localhost and 127.0.0.1, and for nobody else.
    files = {"tls_cert": str(remote.made.certificate), "tls_key": str(remote.made.key)}
    other = f"https://127.0.0.2:{remote.ptyd.request('listen', host='127.0.0.2', **files)['port']}"
    with pytest.raises(NotTrusted):
        oneshot.request("list", target=find_target(other, remote.token, ca=remote.made.certificate))


async def test_certificate_that_nobody_vouches_for(remote: Remote) -> None:
    for attempt in range(2):
        with pytest.raises(NotTrusted, match="give its fingerprint"):
            if attempt:
                oneshot.request("list", target=find_target(remote.url, remote.token))
            else:
                await connect(remote.url, token=remote.token).__aenter__()


class Eavesdropper:
    """Shows a certificate of its own, and notes what it is sent behind it."""

    def __init__(self, made: TestCertificate) -> None:
        self.heard: list[bytes] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.certificate, made.key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self._context = context
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            plain, _ = self.listener.accept()
            with plain:
                try:
                    with self._context.wrap_socket(plain, server_side=True) as secure:
                        heard = secure.recv(65536)
                except OSError:
                    heard = b""
            self.heard.append(heard)
            if heard == b"end":
                return

    def close(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(self.listener.getsockname()) as plain, context.wrap_socket(plain) as secure:
            secure.sendall(b"end")
        self.thread.join()
        self.listener.close()


async def test_changed_certificate_gets_no_token(remote: Remote, tmp_path: Path) -> None:
    eavesdropper = Eavesdropper(make_certificate(tmp_path, "other"))
    url = f"https://localhost:{eavesdropper.listener.getsockname()[1]}"
    try:
        with pytest.raises(NotTrusted, match=r"another certificate .* Nothing was sent"):
            await connect(url, token="secret", fingerprint=remote.made.fingerprint).__aenter__()
        with pytest.raises(NotTrusted, match=r"another certificate .* Nothing was sent"):
            await asyncio.to_thread(oneshot.request, "list", target=find_target(url, "secret", remote.made.fingerprint))
    finally:
        await asyncio.to_thread(eavesdropper.close)
    assert eavesdropper.heard == [b"", b"", b"end"]


async def test_certificate_that_changes_ends_a_connection_for_good(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    with running_ptyd() as ptyd:
        remote = Remote(ptyd, made)
        async with connect(remote.url, token=remote.token, fingerprint=made.fingerprint) as far:
            pid = ptyd.kill_daemon()
            ptyd.wait_for_new_daemon(pid)
            await far.status()  # the same certificate: it comes back
            make_certificate(tmp_path)
            ptyd.wait_for_new_daemon(ptyd.kill_daemon())
            await wait_until_async(lambda: far.state == "closed", what="the connection to give up")
            with pytest.raises(PtydError, match="another certificate"):
                await far.status()


def test_wrong_token_and_wrong_speech(remote: Remote) -> None:
    with pytest.raises(NotAuthenticated):
        oneshot.request("list", target=find_target(remote.url, "wrong", remote.made.fingerprint))
    with pytest.raises((DaemonUnreachable, PtydError)):
        oneshot.request("list", target=find_target(remote.url.replace("https", "http"), remote.token))


# --- what is chosen for a process, and what is saved


@pytest.fixture
def choose() -> Iterator[Callable[[Target], None]]:
    yield choose_target
    choose_target(None)


async def test_chosen_target(remote: Remote, choose: Callable[[Target], None]) -> None:
    choose(find_target(remote.url, remote.token, remote.made.fingerprint))
    assert oneshot.request("status").daemon_pid == remote.ptyd.daemon_pid()
    async with connect() as ptyd:
        assert (await ptyd.status()).daemon_pid == remote.ptyd.daemon_pid()


def test_saved_login(remote: Remote) -> None:
    assert load_logins() == {} and not forget_login(remote.url)
    save_login(remote.url, SavedLogin(token=remote.token, fingerprint=remote.made.fingerprint))
    save_login("https://other", SavedLogin(token="x"))
    assert stat.S_IMODE(logins_path().stat().st_mode) == 0o600
    with blocking.connect(remote.url.upper().replace("HTTPS", "wss") + "/") as ptyd:
        assert ptyd.status().daemon_pid == remote.ptyd.daemon_pid()
    # What is named goes before what is saved.
    assert find_target(remote.url, "mine").token == "mine"
    assert find_target(f"{remote.url}#{PIN}").address.fingerprint == PIN
    assert find_target(remote.url, ca="/x").address.fingerprint == ""
    assert forget_login(remote.url) and find_login(remote.url) is None
    assert list(load_logins()) == ["https://other"]


def test_damaged_or_open_file_is_said(remote: Remote) -> None:
    save_login("https://other", SavedLogin(token="x"))
    logins_path().chmod(0o644)
    with pytest.raises(PtydError, match="open to other users"):
        find_target("https://other")
    logins_path().chmod(0o600)
    for text in ("", "[]", '{"https://other": {}}', "\xff"):
        logins_path().write_bytes(text.encode("latin-1"))
        with pytest.raises(PtydError, match=r"logins\.json"):
            find_target("https://other")


def test_tokens_are_not_in_messages(remote: Remote) -> None:
    def fail(**how: Any) -> str:
        with pytest.raises((PtydError, ValueError)) as caught:
            oneshot.request("list", target=find_target(**how))
        return str(caught.value)

    for how in (
        {"host": remote.url, "token": "s3cret"},
        {"host": remote.url, "token": "s3cret", "fingerprint": PIN},
        {"host": remote.url, "token": "s3cret", "fingerprint": remote.made.fingerprint},
        {"host": "https://127.0.0.1:1", "token": "s3cret"},
    ):
        assert "s3cret" not in fail(**how)
