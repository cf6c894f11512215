"""What the daemon and the system have only so much of."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ptyd_protocol.messages import Detached

from tests.daemon.client import connected
from tests.support.daemon import RequestFailed, running_ptyd

PTYS = 3


def test_sessions_up_to_the_limit() -> None:
    with running_ptyd(PTYD_MAX_SESSIONS="3") as ptyd, connected(ptyd.sock_path) as client:
        asked = [client.begin_request("create", argv=["cat"]) for _ in range(10)]
        started, refused = [], []
        for request_id in asked:
            try:
                started.append(client.end_request(request_id))
            except RequestFailed as error:
                refused.append(error)
        assert len(started) == 3
        assert len({info["name"] for info in started}) == 3
        assert {error.code for error in refused} == {"too_many_sessions"}
        assert "3 sessions run already, which is the limit (max_sessions)" in str(refused[0])
        client.request("kill", session=started[0]["id"], grace_seconds=0.2)
        client.request("create", argv=["cat"])  # an ended one counts no more
        assert client.request("status")["max_sessions"] == 3


def test_clients_of_a_session_up_to_the_limit() -> None:
    with running_ptyd(PTYD_MAX_CLIENTS_PER_SESSION="2") as ptyd, connected(ptyd.sock_path) as client:
        info = client.request("create", argv=["cat"], name="crowded")
        client.attach(1, info["id"])
        client.attach(2, info["id"])
        refused = client.try_attach(3, info["id"])
        assert isinstance(refused, Detached)
        assert refused.code == "too_many_clients"
        assert refused.message == "session crowded has 2 clients, which is the limit (max_clients_per_session)"
        client.request("detach", session=info["id"])
        client.attach(4, info["id"])


@pytest.fixture
def few_ptys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started in this test sees a system that has PTYS pseudo-terminals in all."""
    mount = (
        f"mount -t devpts -o newinstance,max={PTYS},ptmxmode=0666 devpts /dev/pts"
        " && mount --bind /dev/pts/ptmx /dev/ptmx"
    )
    unshare = ["unshare", "--mount", "--map-root-user", "--user"]
    if shutil.which("unshare") is None or subprocess.run([*unshare, "sh", "-c", mount], check=False).returncode:
        pytest.skip("no mount namespaces here")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {" ".join(unshare)} sh -c \'{mount} && exec {sys.executable} "$@"\' sh "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


@pytest.mark.usefixtures("few_ptys")
def test_no_ptys_left() -> None:
    with running_ptyd() as ptyd:
        sessions = [ptyd.request("create", argv=["cat"]) for _ in range(PTYS)]
        for _ in range(3):
            with pytest.raises(RequestFailed, match="no terminal is left on this system") as caught:
                ptyd.request("create", argv=["cat"])
            assert caught.value.code == "no_ptys"
        assert {path.stem for path in (ptyd.runtime_dir / "sessions").iterdir()} == {info["id"] for info in sessions}
        ptyd.request("kill", session=sessions[0]["id"], grace_seconds=0.2)
        ptyd.request("create", argv=["cat"])


def test_no_file_descriptors_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon refuses while it still can; what runs is not harmed."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nulimit -n 110\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with running_ptyd() as ptyd:
        started = []
        with pytest.raises(RequestFailed, match=r"the daemon has \d+ files open of the 110 that it may") as caught:
            for _ in range(40):
                started.append(ptyd.request("create", argv=["cat"]))
        assert caught.value.code == "no_resources"
        assert len(started) > 3
        dead = ptyd.kill_daemon()
        ptyd.wait_for_new_daemon(dead)
        assert len([info for info in ptyd.sessions() if info["state"] == "running"]) == len(started)


def test_a_child_that_outlives_the_program() -> None:
    """It has the terminal open still: the session ends nevertheless. That the end of ptyd is the child's, too, the
    fixture sees to."""
    with running_ptyd() as ptyd, connected(ptyd.sock_path) as client:
        command = "trap '' HUP; (exec sleep 600) & echo bye"
        info = client.request("create", argv=["bash", "-c", command])
        ended = client.request("wait", session=info["id"], until="exit", timeout_seconds=15)
        assert (ended["state"], ended["exit_code"]) == ("exited", 0)
        assert b"bye" in client.request("read_log", session=info["id"])["data"]
