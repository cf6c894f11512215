"""Every way not to be started, the words for it, and that nothing remains of it."""

import contextlib
import ctypes
import os
import resource
from pathlib import Path

import pytest

from tests.keeper.harness import FakeDaemon, KeeperHarness, KeeperProcess, SpawnRefused

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


def refuse(daemon: FakeDaemon, argv: list[str], **options: object) -> tuple[str, str]:
    """The code and the message of a spawn that must fail."""
    with pytest.raises(SpawnRefused) as caught:
        daemon.spawn("refused", argv, **options)
    return caught.value.code, caught.value.message


def drop_file_capabilities() -> None:
    """Make root obey file modes like anybody; anybody else may not drop what they do not have."""
    libc = ctypes.CDLL(None)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.fixture
def plain_daemon(harness: KeeperHarness) -> FakeDaemon:
    """The daemon of a keeper to which file modes apply, even if root runs the tests."""
    return harness.start_serving(preexec_fn=drop_file_capabilities)[1]


def make_file(path: Path, text: str, mode: int) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_command_not_found(daemon: FakeDaemon) -> None:
    expected = ("command_not_found", "command not found: no-such-command")
    assert refuse(daemon, ["no-such-command"]) == expected


def test_path_not_found(daemon: FakeDaemon) -> None:
    assert refuse(daemon, ["/no/such"]) == ("command_not_found", "command not found: /no/such")
    assert refuse(daemon, ["/etc/passwd/x"]) == ("command_not_found", "command not found: /etc/passwd/x")


def test_relative_path_is_looked_for_in_the_session_directory(daemon: FakeDaemon, tmp_path: Path) -> None:
    expected = ("command_not_found", "command not found: ./tool")
    assert refuse(daemon, ["./tool"], cwd=str(tmp_path)) == expected


def test_interpreter_not_found(daemon: FakeDaemon, tmp_path: Path) -> None:
    script = make_file(tmp_path / "script", "#!/no/such/interpreter\n", 0o755)
    expected = ("command_not_found", f"the interpreter that {script} names was not found")
    assert refuse(daemon, [script]) == expected


def test_file_is_not_executable(daemon: FakeDaemon, tmp_path: Path) -> None:
    script = make_file(tmp_path / "script", "#!/bin/sh\n", 0o644)
    assert refuse(daemon, [script]) == ("permission_denied", f"{script} is not executable")
    expected = ("permission_denied", "script is not executable")
    assert refuse(daemon, ["script"], env={"PATH": str(tmp_path)}) == expected


def test_file_of_no_known_format(daemon: FakeDaemon, tmp_path: Path) -> None:
    script = make_file(tmp_path / "script", "neither ELF nor #!\n", 0o755)
    assert refuse(daemon, [script]) == ("permission_denied", f"{script} is not executable")


def test_directory_as_a_command(daemon: FakeDaemon) -> None:
    assert refuse(daemon, ["/usr"]) == ("permission_denied", "/usr is not executable")


def test_forbidden_directory_in_path_does_not_hide_that_nothing_was_found(
    plain_daemon: FakeDaemon, tmp_path: Path
) -> None:
    forbidden = tmp_path / "forbidden"
    forbidden.mkdir(mode=0)
    expected = ("command_not_found", "command not found: tool")
    assert refuse(plain_daemon, ["tool"], env={"PATH": str(forbidden)}) == expected


def test_no_such_directory(daemon: FakeDaemon) -> None:
    assert refuse(daemon, ["true"], cwd="/no/such") == ("no_such_directory", "no such directory: /no/such")
    expected = ("no_such_directory", "not a directory: /etc/passwd")
    assert refuse(daemon, ["true"], cwd="/etc/passwd") == expected


def test_directory_is_forbidden(plain_daemon: FakeDaemon, tmp_path: Path) -> None:
    forbidden = tmp_path / "forbidden"
    forbidden.mkdir(mode=0)
    expected = ("permission_denied", f"no permission to enter directory {forbidden}")
    assert refuse(plain_daemon, ["true"], cwd=str(forbidden)) == expected


def test_arguments_too_long_for_the_system(daemon: FakeDaemon) -> None:
    code, message = refuse(daemon, ["true", "x" * 200_000])
    assert code == "bad_request"
    assert "too long for the system" in message


def test_message_too_long_for_the_keeper(daemon: FakeDaemon) -> None:
    code, message = refuse(daemon, ["true", *(["x" * 1000] * 300)])
    assert code == "bad_request"
    assert "too long" in message
    assert "262144" in message


def test_long_environment_is_no_problem(daemon: FakeDaemon) -> None:
    env = {"PATH": os.environ["PATH"], **{f"NAME_{number}": "x" * 1000 for number in range(190)}}
    assert daemon.run("long", ["sh", "-c", "env | grep -c ^NAME_"], env=env).strip() == "190"


@pytest.mark.parametrize(
    "wrong",
    [
        {"argv": []},
        {"argv": [""]},
        {"argv": "true"},
        {"argv": [1]},
        {"argv": ["true", "a\0b"]},
        {"env": None},
        {"env": {"A": 1}},
        {"env": {"A=B": "x"}},
        {"env": {"": "x"}},
        {"env": {"A": "\0"}},
        {"cwd": "relative"},
        {"cwd": ""},
        {"cwd": None},
        {"cols": 0},
        {"cols": 65536},
        {"rows": "24"},
        {"rows": True},
        {"session": 7},
        {"session": ""},
        {"record": []},
    ],
    ids=str,
)
def test_bad_request(daemon: FakeDaemon, wrong: dict[str, object]) -> None:
    options = {"argv": ["true"], **wrong}
    argv = options.pop("argv")
    assert refuse(daemon, argv, **options)[0] == "bad_request"  # type: ignore[arg-type]


def test_same_session_twice(daemon: FakeDaemon) -> None:
    daemon.spawn("twin", ["cat"])
    with pytest.raises(SpawnRefused, match="exists already"):
        daemon.spawn("twin", ["cat"])


def test_unnumbered_spawn_gets_no_reply(daemon: FakeDaemon) -> None:
    daemon.send({"op": "spawn", "session": "x", "argv": ["no-such"], "env": {}, "cwd": "/", "cols": 1, "rows": 1})
    assert daemon.spawn("next", ["true"]).name == "next"


def test_no_descriptors_left(harness: KeeperHarness) -> None:
    limit = 90
    keeper, daemon = harness.start_serving(
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    )
    names = fill_with_sessions(daemon, limit)
    code, message = refuse(daemon, ["true"])
    assert code == "no_ptys"
    assert str(limit) in message
    daemon.kill()
    successor = harness.accept_daemon()
    successor.say_hello()
    assert set(successor.sessions) == set(names), "a full keeper can still be served by a new daemon"
    for name in names[:4]:
        successor.forget(name)
    assert successor.run("room again", ["echo", "yes"]) == "yes\r\n"
    assert keeper.process.poll() is None


def fill_with_sessions(daemon: FakeDaemon, most: int) -> list[str]:
    names: list[str] = []
    with contextlib.suppress(SpawnRefused):
        while len(names) < most:
            daemon.spawn(f"s{len(names)}", ["cat"])
            names.append(f"s{len(names)}")
    assert len(names) > 5
    return names


def test_refusals_leave_no_descriptor_and_no_process(serving: tuple[KeeperProcess, FakeDaemon]) -> None:
    keeper, daemon = serving
    daemon.synchronize()
    before = keeper.count_fds()
    for _ in range(10):
        refuse(daemon, ["no-such-command"])
        refuse(daemon, ["true"], cwd="/no/such")
        refuse(daemon, [])
    daemon.synchronize()
    assert keeper.count_fds() == before
    daemon.run("marker", ["true"])  # its exit is reaped after, or with, those of the refused
    children = Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text().split()
    assert children == [str(daemon.pid)]
