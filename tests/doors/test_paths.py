"""Paths that lead out of where they belong: of files that are served, of recordings, in names and references."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doors.asgi import App
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd

LEADING_OUT = [
    *(
        "/assets/../index.html",
        "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
    ),
    *("/assets/..%5c..%5csecret.txt", "/assets/....//....//secret.txt", "/assets/%252e%252e/%252e%252e/secret.txt"),
    *("/assets//etc/passwd", "/assets/%2fetc%2fpasswd", "/assets///etc/passwd", "//etc/passwd", "/assets/link"),
    *("/assets/app.js/../../../secret.txt", "/assets/%00", "/assets/app.js%00.txt", "/assets/", "/assets"),
    *("/assets/..", "/assets/.", "/assets/\\..\\..\\secret.txt", "/../secret.txt", "/%2e%2e/secret.txt"),
    *(
        "/assets/..;/..;/secret.txt",
        "/assets/%c0%ae%c0%ae/secret.txt",
        "/assets/~root/.ssh/id_rsa",
        "/index.html/../secret.txt",
    ),
    "/assets/" + "a/" * 2000 + "x",
    "/assets/" + "x" * 5000,
]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    return App(tmp_path, monkeypatch)


@pytest.mark.parametrize("path", LEADING_OUT, ids=lambda path: path[:40])
def test_only_what_was_built_is_served(app: App, path: str) -> None:
    status, _, body = app.ask("GET", path, cookie=app.log_in())
    assert status in (400, 404, 405, 307), (status, body)
    assert b"the secret" not in body
    assert b"root:" not in body
    assert str(app.logins).encode() not in body


def test_what_was_built_is_served(app: App) -> None:
    """That the test above can fail."""
    assert app.ask("GET", "/assets/app.js", cookie=app.log_in())[2] == b"the script"


def test_a_path_that_leads_out_asks_for_a_login_first(app: App) -> None:
    for path in LEADING_OUT:
        assert app.ask("GET", path)[0] == 401, path
    for path in ("/login/", "/login/../", "/LOGIN", "//login", "/login%2f", "/login;x", "/assets/../login"):
        assert app.ask("GET", path)[0] == 401, f"{path} is not the login"


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(PTYD_LISTEN="127.0.0.1:0") as running:
        yield running


def test_the_real_server_reads_paths_no_better(ptyd: PtydUnderTest) -> None:
    place = ptyd.request("listen")
    token = ptyd.request("access_token")["token"]
    for path in LEADING_OUT:
        connection = http.client.HTTPConnection(place["host"], place["port"], timeout=30)
        connection.putrequest("GET", path, skip_accept_encoding=True)
        connection.putheader("Authorization", f"Bearer {token}")
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status in (400, 404, 307, 405, 431), (path, answer.status, body[:100])
        assert b"root:" not in body
    assert "Traceback" not in (ptyd.runtime_dir / "daemon.log").read_text()


@pytest.mark.parametrize("reference", ["../x", "../../token", "/etc/passwd", ".", "..", "*", "%2e", "a/../b", "\x00"])
def test_a_reference_is_no_path(ptyd: PtydUnderTest, reference: str) -> None:
    ptyd.request("create", argv=["sleep", "600"])
    for method in ("get", "kill", "read_log", "export", "capture", "mark", "rename"):
        params = {"name": "other"} if method == "rename" else {}
        with pytest.raises(RequestFailed, match=r"no_such_session|ambiguous_session"):
            ptyd.request(method, session=reference, **params)


def test_a_recording_follows_no_link_and_replaces_nothing(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    dangling, hard = tmp_path / "dangling", tmp_path / "hard"
    dangling.symlink_to(tmp_path / "nowhere")
    hard.hardlink_to(victim)
    for path in (victim, dangling, hard, tmp_path, Path("/dev/null"), ptyd.runtime_dir / "token"):
        with pytest.raises(RequestFailed, match=r"bad_request|permission_denied"):
            ptyd.request("create", argv=["sleep", "600"], record=str(path))
    with pytest.raises(RequestFailed, match="bad_request"):
        ptyd.request("create", argv=["sleep", "600"], record="../relative")
    assert victim.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_a_resumed_export_names_no_file(ptyd: PtydUnderTest) -> None:
    session = ptyd.request("create", argv=["sleep", "600"])["id"]
    for resume in ("../../token", "/etc/passwd", "1 2 3", "\x00", "-1", "9" * 200):
        with pytest.raises(RequestFailed):
            ptyd.request("export", session=session, resume=resume)
