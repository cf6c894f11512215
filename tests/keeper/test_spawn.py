"""A child as it finds itself: its terminal, its environment, its limits, and nothing of the keeper."""

import fcntl
import json
import os
import resource
import select
import signal
import sys
import termios
from pathlib import Path

from tests.keeper.harness import FakeDaemon, KeeperHarness, KeeperProcess

IUTF8 = 0o40000
ECHO_OK = "read line; echo got:$line"


def run_python(daemon: FakeDaemon, code: str, **options: object) -> str:
    return daemon.run("python", [sys.executable, "-S", "-c", code], **options)


def test_output_input_and_exit_code(daemon: FakeDaemon) -> None:
    session = daemon.spawn("a", ["sh", "-c", f"echo hello; {ECHO_OK}; exit 7"])
    session.read_until(b"hello\r\n")
    session.type(b"key\r")
    session.read_until(b"got:key\r\n")
    ending = daemon.wait_exit("a")
    assert (ending["code"], ending["signal"]) == (7, None)
    assert ending["at"] > 1_700_000_000
    assert select.select([session.fds[3]], [], [], 0)[0], "the pidfd tells the end too"


def test_death_by_signal(daemon: FakeDaemon) -> None:
    session = daemon.spawn("a", ["cat"])
    signal.pidfd_send_signal(session.fds[3], signal.SIGKILL)
    ending = daemon.wait_exit("a")
    assert (ending["code"], ending["signal"]) == (None, signal.SIGKILL)


def test_all_output_is_there_after_the_exit(daemon: FakeDaemon) -> None:
    session = daemon.spawn("a", ["sh", "-c", "echo last words"])
    daemon.wait_exit("a")
    assert session.read_all() == b"last words\r\n"


def test_directory_environment_size_and_argv(daemon: FakeDaemon, tmp_path: Path) -> None:
    code = (
        "import json,os,sys;size=os.get_terminal_size(0);"
        "print(json.dumps([os.getcwd(),dict(os.environ),size.columns,size.lines,sys.argv[1:]]))"
    )
    output = daemon.run(
        "a",
        [sys.executable, "-S", "-c", code, "an argument", "ü", ""],
        env={"PTYD_X": "y=ü\n"},
        cwd=str(tmp_path),
        cols=132,
        rows=43,
    )
    cwd, env, cols, rows, argv = json.loads(output)
    assert (cwd, cols, rows, argv) == (str(tmp_path), 132, 43, ["an argument", "ü", ""])
    assert env.pop("LC_CTYPE", None) in (None, "C.UTF-8")  # Python's own addition
    assert env == {"PTYD_X": "y=ü\n"}


def test_argv0_stays_as_it_was_typed(daemon: FakeDaemon) -> None:
    assert daemon.run("a", ["sh", "-c", "tr '\\0' ' ' < /proc/$$/cmdline"]).startswith("sh -c ")


def test_bytes_that_are_not_utf8(daemon: FakeDaemon) -> None:
    output = daemon.run("a", ["sh", "-c", 'printf %s "$0$X" | od -An -tx1', "\udcff"], env={"X": "\udcfe"})
    assert output.split() == ["ff", "fe"]


def test_program_in_the_session_directory(daemon: FakeDaemon, tmp_path: Path) -> None:
    script = tmp_path / "here"
    script.write_text("#!/bin/sh\necho found\n")
    script.chmod(0o755)
    assert daemon.run("a", ["./here"], cwd=str(tmp_path)) == "found\r\n"


def test_path_is_that_of_the_session(daemon: FakeDaemon, tmp_path: Path) -> None:
    script = tmp_path / "only-here"
    script.write_text("#!/bin/sh\necho found\n")
    script.chmod(0o755)
    assert daemon.run("a", ["only-here"], env={"PATH": f"/nowhere:{tmp_path}"}) == "found\r\n"


def test_leads_a_session_with_a_controlling_terminal(daemon: FakeDaemon) -> None:
    code = "import os;os.open('/dev/tty',2);print(os.getsid(0)==os.getpid()==os.tcgetpgrp(0),os.ttyname(0))"
    leads, name = run_python(daemon, code).split()
    assert leads == "True"
    assert name.startswith("/dev/pts/")


def test_no_descriptor_leaks_into_a_child(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    daemon.spawn("other", ["cat"])
    pipe_read, pipe_write = os.pipe()
    daemon.send({"op": "hold", "name": "held"}, [pipe_read])
    os.close(pipe_read)
    os.close(pipe_write)
    output = daemon.run("a", ["sh", "-c", "readlink /proc/$$/fd/*; ls /proc/$$/fd"])
    lines = output.split()
    assert [line for line in lines if line.isdecimal()] == ["0", "1", "2"]
    assert len({line for line in lines if line.startswith("/dev/pts/")}) == 1
    for info in Path(f"/proc/{keeper.pid}/fdinfo").iterdir():
        flags = int(info.read_text().split("flags:")[1].split()[0], 8)
        assert int(info.name) <= 2 or flags & os.O_CLOEXEC, f"descriptor {info.name} would leak by any exec"


def test_signals_are_at_their_defaults(daemon: FakeDaemon) -> None:
    _, blocked, _, ignored = daemon.run("a", ["grep", "^Sig[BI]", "/proc/self/status"]).split()
    assert int(blocked, 16) == 0
    # 32 and 33 belong to the C library, which lets nobody change them: they are as whoever runs the tests has them.
    assert int(ignored, 16) & ~(0b11 << 31) == 0


def test_limit_of_open_files_is_that_of_the_starter(harness: KeeperHarness) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    soft = min(333, hard)
    keeper, daemon = harness.start_serving(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))
    assert resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    assert daemon.run("a", ["sh", "-c", "ulimit -Sn"]).strip() == str(soft)


def test_umask_is_that_of_the_starter(harness: KeeperHarness) -> None:
    _, daemon = harness.start_serving(preexec_fn=lambda: os.umask(0o027) and None)
    assert daemon.run("a", ["sh", "-c", "umask"]).strip() == "0027"


def test_terminal_modes(daemon: FakeDaemon) -> None:
    session = daemon.spawn("a", ["cat"])
    inputs, outputs, _, local, *_ = termios.tcgetattr(session.master)
    assert inputs & IUTF8
    assert inputs & termios.ICRNL
    assert outputs & termios.OPOST
    assert local & termios.ECHO
    assert local & termios.ICANON


def test_descriptors_do_not_block_and_the_pipe_takes_one_whole_input(daemon: FakeDaemon) -> None:
    session = daemon.spawn("a", ["cat"])
    for fd in session.fds[:3]:
        assert not os.get_blocking(fd)
    _, pipe_read, pipe_write, _ = session.fds
    assert fcntl.fcntl(pipe_write, fcntl.F_GETPIPE_SZ) == 16384
    assert os.write(pipe_write, b"x" * 16384) == 16384
    assert os.read(pipe_read, 20000) == b"x" * 16384


def test_keys_spliced_from_the_pipe_reach_the_child(daemon: FakeDaemon) -> None:
    session = daemon.spawn("a", ["sh", "-c", ECHO_OK])
    _, pipe_read, pipe_write, _ = session.fds
    os.write(pipe_write, b"typed\r")
    assert os.splice(pipe_read, session.master, 6) == 6
    session.read_until(b"got:typed\r\n")
