"""Starting and ending ptyd by its own command, in a directory where nothing runs yet."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.certificates import look_at_fingerprint, make_certificate
from tests.support.daemon import PTYD_COMMAND, build_environment
from tests.support.remains import find_remains
from tests.support.waiting import wait_for_process_end, wait_until

RunPtyd = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def place() -> Iterator[Path]:
    """A short directory, in which nothing may be left running."""
    place = Path(tempfile.mkdtemp(prefix="pt-", dir="/tmp"))
    yield place
    subprocess.run(
        [PTYD_COMMAND, "down", "--kill-sessions"], env=build_environment(place, {}), capture_output=True, timeout=60
    )
    remains = find_remains(place)
    shutil.rmtree(place)
    assert not remains


@pytest.fixture
def run_ptyd(place: Path) -> RunPtyd:
    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PTYD_COMMAND, *arguments],
            env=build_environment(place, env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def read_status(run_ptyd: RunPtyd) -> dict[str, int]:
    status: dict[str, int] = json.loads(run_ptyd("status", "--json").stdout)
    return status


def test_a_verb_that_needs_it_starts_the_daemon(run_ptyd: RunPtyd) -> None:
    assert run_ptyd("status").returncode == 6
    assert run_ptyd("new", "-d", "--", "sleep", "1000").returncode == 0
    assert run_ptyd("status").returncode == 0


def test_up_twice_is_the_same_daemon(run_ptyd: RunPtyd) -> None:
    first, second = run_ptyd("up"), run_ptyd("up")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == second.stdout


def test_down_keeps_the_sessions_and_up_takes_them_up(run_ptyd: RunPtyd) -> None:
    run_ptyd("new", "-d", "-n", "kept", "--", "sleep", "1000")
    down = run_ptyd("down")
    assert down.returncode == 0
    assert "1 session goes on" in down.stdout
    assert run_ptyd("up").returncode == 0
    assert "running" in run_ptyd("ls").stdout


def test_nobody_listens_for_a_daemon_that_is_down(place: Path, run_ptyd: RunPtyd) -> None:
    run_ptyd("new", "-d", "-n", "kept", "--", "sleep", "1000")
    run_ptyd("down")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client, pytest.raises(OSError):
        client.connect(str(place / "run" / "ptyd.sock"))


def test_down_with_the_sessions_leaves_nothing(run_ptyd: RunPtyd) -> None:
    run_ptyd("new", "-d", "-n", "gone", "--", "sleep", "1000")
    pids = read_status(run_ptyd)
    run_ptyd("down")
    assert run_ptyd("down", "--kill-sessions").returncode == 0
    wait_for_process_end(pids["keeper_pid"])
    assert run_ptyd("ls", "--json").stdout.strip() == "[]"


def test_restart_is_another_daemon_with_the_same_sessions(run_ptyd: RunPtyd) -> None:
    run_ptyd("new", "-d", "-n", "kept", "--", "sleep", "1000")
    before, session = read_status(run_ptyd), json.loads(run_ptyd("ls", "--json").stdout)
    restarted = run_ptyd("restart")
    assert restarted.returncode == 0
    after = read_status(run_ptyd)
    assert after["daemon_pid"] != before["daemon_pid"]
    assert after["keeper_pid"] == before["keeper_pid"]
    assert str(after["daemon_pid"]) in restarted.stdout
    assert [info["pid"] for info in json.loads(run_ptyd("ls", "--json").stdout)] == [session[0]["pid"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_foreground_ends_with_a_signal(place: Path, run_ptyd: RunPtyd, number: signal.Signals) -> None:
    with subprocess.Popen(
        [PTYD_COMMAND, "up", "--foreground"],
        env=build_environment(place, {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(place / "log").open("wb"),
        start_new_session=True,
    ) as foreground:
        wait_until(lambda: b"up in the foreground" in (place / "log").read_bytes(), what="the start")
        assert run_ptyd("new", "-d", "--", "sleep", "1000").returncode == 0
        again = run_ptyd("up", "--foreground")
        assert again.returncode == 4
        assert "up already" in again.stderr
        # Ctrl-C goes to the whole process group, which is one of its own here; TERM to the one process.
        if number == signal.SIGINT:
            os.killpg(foreground.pid, signal.SIGINT)
        else:
            foreground.send_signal(number)
        assert foreground.wait(30) == 0
    assert run_ptyd("status").returncode == 6


def test_directory_of_somebody_else_s_making_is_refused(place: Path, run_ptyd: RunPtyd) -> None:
    (place / "run").mkdir(mode=0o755)
    (place / "run").chmod(0o755)
    result = run_ptyd("status")
    assert result.returncode == 6
    assert "0700" in result.stderr


def test_up_with_tls_prints_the_fingerprint_that_is_shown(run_ptyd: RunPtyd) -> None:
    up = run_ptyd("up", "--listen", "127.0.0.1:0", "--tls")
    assert up.returncode == 0
    shown = re.search(r"web client: https://127\.0\.0\.1:(\d+)/\nfingerprint: (sha256:[0-9a-f]{64})\n", up.stdout)
    assert shown is not None
    assert look_at_fingerprint("127.0.0.1", int(shown[1])) == shown[2]
    assert shown[2] in run_ptyd("status").stdout
    assert run_ptyd("up", "--listen", f"127.0.0.1:{shown[1]}").returncode != 0


def test_up_with_a_certificate(place: Path, run_ptyd: RunPtyd) -> None:
    made = make_certificate(place)
    files = ["--tls-cert", str(made.certificate), "--tls-key", str(made.key)]
    assert made.fingerprint in run_ptyd("up", "--listen", "127.0.0.2:0", *files).stdout
    assert run_ptyd("up", "--listen", "127.0.0.2:0", *files[:2]).returncode == 2
    assert run_ptyd("up", *files).returncode == 2
