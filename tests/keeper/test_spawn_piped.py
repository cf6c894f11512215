"""A child without a terminal: what it reads, what it writes, and why it may not begin."""

import os
from pathlib import Path

import pytest

from tests.keeper.harness import FakeDaemon, SpawnRefused
from tests.support.waiting import wait_readable


def read_to_end(fd: int) -> bytes:
    output = b""
    while True:
        wait_readable(fd, what=f"the end of {output!r}")
        piece = os.read(fd, 65536)
        if not piece:
            return output
        output += piece


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "prompt").write_bytes("a prompt, ü\nof two lines".encode())
    return {"stdin": str(tmp_path / "prompt"), "stderr": str(tmp_path / "errors")}


def test_it_reads_the_file_and_writes_to_the_pipe(daemon: FakeDaemon, files: dict[str, str]) -> None:
    session = daemon.spawn("a", ["sh", "-c", "cat; echo bad >&2; echo worse >&2; exit 3"], files=files)
    assert read_to_end(session.master) == "a prompt, ü\nof two lines".encode()
    assert daemon.wait_exit("a")["code"] == 3
    assert Path(files["stderr"]).read_text() == "bad\nworse\n"
    assert Path(files["stderr"]).stat().st_mode & 0o777 == 0o600


def test_it_has_no_terminal_and_leads_its_own_session(daemon: FakeDaemon, files: dict[str, str]) -> None:
    code = (
        "for fd in 0 1 2; do test -t $fd && echo tty $fd; done; (: </dev/tty) 2>/dev/null && echo /dev/tty;"
        " set -- $(cat /proc/$$/stat); echo $$ $5 $6; ls /proc/$$/fd"
    )
    session = daemon.spawn("a", ["sh", "-c", code], files=files)
    first, *fds = read_to_end(session.master).decode().splitlines()
    pid, group, leader = first.split()
    assert int(pid) == int(group) == int(leader) == session.pid
    assert fds == ["0", "1", "2"], "nothing of the keeper is inherited"


def test_output_that_nobody_reads_waits(daemon: FakeDaemon, files: dict[str, str]) -> None:
    session = daemon.spawn("a", ["sh", "-c", "head -c 1000000 /dev/zero; exit 0"], files=files)
    assert len(read_to_end(session.master)) == 1_000_000
    assert daemon.wait_exit("a")["code"] == 0


@pytest.mark.parametrize(
    ("argv", "options", "code"),
    [
        (["no-such-program"], {}, "command_not_found"),
        (["true"], {"cwd": "/no/such/place"}, "no_such_directory"),
        (["/etc/passwd"], {}, "permission_denied"),
        (["true"], {"files": {"stdin": "/no/such/prompt", "stderr": "/tmp/x"}}, "no_resources"),
        (["true"], {"files": {"stdin": "relative", "stderr": "/tmp/x"}}, "bad_request"),
        (["true"], {"files": ["/dev/null"]}, "bad_request"),
    ],
)
def test_why_it_does_not_begin(
    daemon: FakeDaemon, files: dict[str, str], argv: list[str], options: dict[str, object], code: str
) -> None:
    with pytest.raises(SpawnRefused) as refused:
        daemon.spawn("a", argv, **{"files": files, **options})
    assert refused.value.code == code
