"""``create``: what runs, where and with what; and every way in which it is refused, in words for people."""

import os
import re
from pathlib import Path

import pytest
from ptyd_protocol.messages import Exited

from tests.daemon.client import Client
from tests.daemon.conftest import Create
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import wait_until


def output_of(client: Client, session: str, channel: int = 1) -> str:
    """Everything that the session's program wrote, once it has ended."""
    client.attach(channel, session, role="observe")
    client.wait_for(Exited, lambda message: message.channel == channel)
    return client.output[channel].decode()


def test_what_comes_back(client: Client, create: Create, tmp_path: Path) -> None:
    info = create("sh", "-c", "exec sleep 600", cwd=str(tmp_path), cols=91, rows=17, name="naps")
    assert re.fullmatch(r"[0-9a-f]{8}", info["id"])
    assert (info["name"], info["state"], info["argv"]) == ("naps", "running", ["sh", "-c", "exec sleep 600"])
    assert (info["cwd"], info["cols"], info["rows"], info["kind"]) == (str(tmp_path), 91, 17, "command")
    assert (info["clients"], info["controller"], info["exit_code"], info["exit_signal"]) == (0, None, None, None)
    assert client.request("get", session="naps")["pid"] == info["pid"]
    assert Path(f"/proc/{info['pid']}/cwd").readlink() == tmp_path
    wait_until(lambda: Path(f"/proc/{info['pid']}/comm").read_text() == "sleep\n")


def test_names_are_made_from_the_command(create: Create) -> None:
    first = create("/bin/sleep", "600")
    second = create("sleep", "600")
    assert (first["name"], second["name"]) == ("sleep", "sleep-2")


def test_no_command_is_the_users_shell(create: Create, ptyd: PtydUnderTest) -> None:
    info = create()
    assert info["argv"] == ["/bin/bash"]
    assert info["cwd"] == str(ptyd.home)


def test_terminal(client: Client, create: Create) -> None:
    """A terminal of its own, controlling, of the wished size, in UTF-8."""
    info = create("sh", "-c", "tty; stty -a; ps -o sid=,tpgid=,pid= -p $$", cols=132, rows=43)
    output = output_of(client, info["id"])
    assert "/dev/pts/" in output
    assert "rows 43; columns 132" in output
    assert re.search(r"(?<!-)iutf8", output)
    match = re.search(r"^\s*(\d+)\s+(\d+)\s+(\d+)\s*$", output, re.MULTILINE)
    assert match is not None, output
    assert set(match.groups()) == {str(info["pid"])}


def test_no_descriptor_leaks_into_a_child(client: Client, create: Create) -> None:
    create("sleep", "600")
    info = create("sh", "-c", "ls -l /proc/$$/fd")
    output = output_of(client, info["id"])
    assert re.findall(r" (\d+) -> ", output) == ["0", "1", "2"], output


def test_environment_is_built_not_inherited() -> None:
    ours = {"EDITOR": "vim", "LC_TIME": "C.UTF-8", "HTTPS_PROXY": "http://proxy:1"}
    passed = {"MY_SETTING": "passed on by configuration"}
    never = {
        "CLAUDECODE": "1",
        "CLAUDE_CODE_ENTRYPOINT": "cli",
        "CLAUDE_CODE_SSE_PORT": "1",
        "TMUX": "/tmp/tmux,1,0",
        "TMUX_PANE": "%0",
        "ZELLIJ": "0",
        "STY": "1.pts",
        "PTYD_MAX_SESSIONS": "9",
        "SECRET_TOKEN": "hunter2",
        "ANTHROPIC_API_KEY": "sk-not-for-a-shell",
    }
    with running_ptyd(**ours, **passed, **never, PTYD_PASS_ENVIRONMENT="MY_SETTING") as ptyd:
        info = ptyd.request("create", argv=["sleep", "600"], env={"FOO": "bar", "PTYD": "no", "PTYD_SESSION": "no"})
        variables = read_environment(info["pid"])
        assert variables == {
            **{name: ptyd.env[name] for name in ("PATH", "HOME", "SHELL", "LANG")},
            **ours,
            **passed,
            "FOO": "bar",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "PTYD": "1",
            "PTYD_SESSION": info["id"],
            "PTYD_SOCKET": str(ptyd.sock_path),
        }
        claude = read_environment(ptyd.request("create", argv=["sleep", "601"], kind="claude")["pid"])
        assert claude["ANTHROPIC_API_KEY"] == "sk-not-for-a-shell"
        assert {name for name in claude if name in never} == {"ANTHROPIC_API_KEY"}


def read_environment(pid: int) -> dict[str, str]:
    """Of a process that has become its program already: its pid was told."""
    entries = Path(f"/proc/{pid}/environ").read_bytes().rstrip(b"\x00").split(b"\x00")
    return dict(entry.decode().split("=", 1) for entry in entries)  # type: ignore[misc]


# --- refusals


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"argv": ["no-such-command-here"]}, "command_not_found", "command not found: no-such-command-here"),
        ({"argv": ["/does/not/exist"]}, "command_not_found", "/does/not/exist"),
        ({"argv": ["/etc/passwd"]}, "permission_denied", "/etc/passwd is not executable"),
        ({"argv": ["/tmp"]}, "permission_denied", "/tmp is not executable"),
        ({"argv": ["cat"], "cwd": "/does/not/exist"}, "no_such_directory", "no such directory: /does/not/exist"),
        ({"argv": ["cat"], "cwd": "/etc/passwd"}, "no_such_directory", "not a directory: /etc/passwd"),
        ({"argv": ["cat"], "cwd": "relative"}, "bad_request", "absolute path: 'relative'"),
        ({"argv": [""]}, "bad_request", "no command"),
        ({"argv": ["cat", "a\x00b"]}, "bad_request", "texts"),
        ({"argv": ["cat"], "env": {"A=B": "c"}}, "bad_request", "environment"),
        ({"argv": ["cat"], "env": {"A": 3}}, "bad_request", "env"),
        ({"argv": ["cat"], "name": "has space"}, "bad_name", "'has space' is no name"),
        ({"argv": ["cat"], "name": "x" * 65}, "bad_request", "name"),
        ({"argv": ["cat"], "cols": 1}, "bad_request", "cols"),
        ({"argv": ["cat"], "rows": 1001}, "bad_request", "rows"),
        ({"argv": ["cat"], "cols": "80"}, "bad_request", "cols"),
        ({"argv": ["cat"], "kind": "emacs"}, "bad_request", "no kind 'emacs'; there are command, claude"),
        ({"argv": "cat"}, "bad_request", "argv"),
        ({"argv": ["x"] * 1025}, "bad_request", "argv"),
        ({"argv": ["cat", "x" * 300_000]}, "bad_request", "bytes"),
    ],
)
def test_refusals(client: Client, ptyd: PtydUnderTest, params: dict[str, object], code: str, message: str) -> None:
    before = sorted((ptyd.runtime_dir / "sessions").iterdir())
    with pytest.raises(RequestFailed) as caught:
        client.request("create", **params)
    assert caught.value.code == code
    assert message in str(caught.value)
    assert not re.search(r"Traceback|Errno|0x[0-9a-f]{6}", str(caught.value))
    assert sorted((ptyd.runtime_dir / "sessions").iterdir()) == before
    client.request("list")  # the connection is none the worse


def test_no_permission_to_enter(client: Client, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may enter every directory")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with pytest.raises(RequestFailed, match=f"no permission to enter directory {closed}") as caught:
        client.request("create", argv=["cat"], cwd=str(closed))
    assert caught.value.code == "permission_denied"


def test_missing_interpreter(client: Client, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/shell\n")
    script.chmod(0o755)
    with pytest.raises(RequestFailed, match="interpreter") as caught:
        client.request("create", argv=[str(script)])
    assert caught.value.code == "command_not_found"


def test_name_taken(client: Client, create: Create) -> None:
    info = create("cat", name="mine")
    with pytest.raises(RequestFailed, match="'mine' is running already") as caught:
        client.request("create", argv=["cat"], name="mine")
    assert caught.value.code == "name_taken"
    client.request("kill", session=info["id"], grace_seconds=0.2)
    assert create("cat", name="mine")["id"] != info["id"]


def test_a_program_that_ends_at_once(client: Client, create: Create) -> None:
    """Its end may be told in the same breath as its beginning."""
    infos = [create("true") for _ in range(20)]
    for info in infos:
        ended = client.request("wait", session=info["id"], until="exit", timeout_seconds=15)
        assert (ended["state"], ended["exit_code"]) == ("exited", 0)
