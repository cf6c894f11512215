"""``ptyd --host``: every verb on a daemon that is reached by TCP only, from a user who runs none."""

import contextlib
import json
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ptyd_cli.main import VERBS, run
from ptyd_sdk.address import choose_target

from tests.cli.outer import Outer
from tests.support.asciicast import check_asciicast
from tests.support.daemon import PTYD_COMMAND, PtydUnderTest, build_environment, running_ptyd
from tests.support.terminal import RealTerminal
from tests.support.waiting import stretch_deadline

LOCAL_VERBS = {"doctor", "play", "login", "logout"}
"""They ask no daemon, or are tried by themselves."""


class Traveller:
    """Somebody elsewhere: another home, and no daemon. ``elsewhere`` names the daemon in the environment."""

    def __init__(self, ptyd: PtydUnderTest, place: Path) -> None:
        listening = ptyd.request("listen", tls=True)
        self.ptyd = ptyd
        self.place = place
        self.url = f"https://127.0.0.1:{listening['port']}"
        self.fingerprint: str = listening["fingerprint"]
        self.token: str = ptyd.request("access_token")["token"]
        self.env = build_environment(place, {})
        self.elsewhere = {"PTYD_HOST": f"{self.url}#{self.fingerprint}", "PTYD_TOKEN": self.token}

    def run(self, *arguments: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PTYD_COMMAND, *arguments],
            env={**self.env, **env},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=stretch_deadline(60),
            check=False,
            cwd=self.place,
        )

    def ptyd_there(self, *arguments: str, stdin: str = "") -> str:
        """What the verb printed; it must not fail."""
        done = self.run(*arguments, stdin=stdin, **self.elsewhere)
        assert done.returncode == 0, done
        return done.stdout


@pytest.fixture(scope="module")
def traveller() -> Iterator[Traveller]:
    with running_ptyd() as ptyd, tempfile.TemporaryDirectory(prefix="pt-", dir="/tmp") as place:
        yield Traveller(ptyd, Path(place))
        assert not (Path(place) / "run").exists(), "something was started, or kept, here"


@contextlib.contextmanager
def session(traveller: Traveller, *command: str) -> Iterator[str]:
    name = traveller.ptyd_there("new", "-d", "--", *command).strip()
    yield name
    traveller.ptyd_there("kill", name)


def info_of(traveller: Traveller, name: str) -> dict[str, Any]:
    info: dict[str, Any] = traveller.ptyd.request("get", session=name)
    return info


def test_verbs_that_look(traveller: Traveller) -> None:
    with session(traveller, "sh", "-c", "echo hel''lo; exec cat") as name:
        assert f" {info_of(traveller, name)['id']} " in traveller.ptyd_there("ls")
        assert [one["name"] for one in json.loads(traveller.ptyd_there("ls", "--json"))] == [name]
        assert name in traveller.ptyd_there()
        traveller.ptyd_there("wait", name, "--text", "hello")
        assert "hello" in traveller.ptyd_there("capture", name)
        assert "hello" in traveller.ptyd_there("tail", name)
        traveller.ptyd_there("mark", name, "here")
        assert "here" in check_asciicast(traveller.ptyd_there("export", name).encode()).of("m")
        status = traveller.ptyd_there("status")
        assert f"pid {traveller.ptyd.daemon_pid()}" in status
        assert traveller.fingerprint in status


def test_verbs_that_change(traveller: Traveller) -> None:
    with session(traveller, "cat") as name:
        traveller.ptyd_there("send", name, "typed", "--enter")
        traveller.ptyd_there("wait", name, "--text", "typed")
        traveller.ptyd_there("resize", name, "99", "33")
        traveller.ptyd_there("lock", name)
        assert (info_of(traveller, name)["cols"], info_of(traveller, name)["locked"]) == (99, True)
        traveller.ptyd_there("unlock", name)
        assert not info_of(traveller, name)["locked"]
        traveller.ptyd_there("rename", name, "renamed")
        traveller.ptyd_there("rename", "renamed", name)
        traveller.ptyd_there("detach", name)


def test_following_to_the_end(traveller: Traveller) -> None:
    name = traveller.ptyd_there("new", "-d", "--", "sh", "-c", "read x; echo got-$x; exit 3").strip()
    traveller.ptyd_there("send", name, "it", "--enter")
    assert "got-it" in traveller.ptyd_there("tail", "-f", name)
    assert traveller.run("wait", name, "--exit", **traveller.elsewhere).returncode == 3


def test_new_and_attach_in_a_terminal(traveller: Traveller) -> None:
    env = {**traveller.env, **traveller.elsewhere}
    # Inside a session of the daemon here: that is no nesting.
    env |= {"PTYD_SESSION": "0123abcd", "PTYD_SOCKET": str(traveller.place / "run/ptyd.sock")}
    with Outer(["new", "-n", "shown", "--", "sh", "-c", "echo at-$((40+2)); exec cat"], env, cols=80, rows=24) as outer:
        outer.wait_for_text("at-42")
        outer.type(b"\x1cd")
        assert outer.check_restored() == 0
    with Outer(["attach", "shown"], env, cols=80, rows=24) as outer:
        outer.wait_for_text("at-42")
        outer.type(b"more\r")
        outer.wait_for_text("more")
        outer.type(b"\x04")
        assert outer.check_restored() == 0


def test_paths_and_variables_are_those_of_the_other_machine(traveller: Traveller) -> None:
    there = str(traveller.ptyd.home)
    with session(traveller, "sh", "-c", 'echo "<$PWD|$EDITOR>"; exec cat') as name:
        assert info_of(traveller, name)["cwd"] == there
    done = traveller.run("new", "-d", "-e", "A=b", "--", "env", EDITOR="mine", **traveller.elsewhere)
    text = traveller.ptyd_there("tail", "-f", done.stdout.strip())
    assert "A=b" in text and "EDITOR" not in text and str(traveller.place) not in text
    for option in (["-c", "work"], ["--record", "x.cast"]):
        refused = traveller.run("new", "-d", *option, "--", "cat", **traveller.elsewhere)
        assert (refused.returncode, "not absolute" in refused.stderr) == (2, True)
    # Claude Code is that of the other machine, which has none.
    assert "claude" in traveller.run("claude", "-d", "--", **traveller.elsewhere).stderr


def test_verbs_that_make_no_sense_elsewhere_say_so(traveller: Traveller) -> None:
    for arguments in (["up"], ["up", "--listen", "127.0.0.1:0"], ["up", "--foreground"], ["down"]):
        done = traveller.run(*arguments, **traveller.elsewhere)
        assert done.returncode == 2 and traveller.url in done.stderr, done
    assert traveller.ptyd.request("status")


def test_browser_is_led_to_where_we_know_the_daemon(traveller: Traveller) -> None:
    assert f"{traveller.url}/login#" in traveller.ptyd_there("up", "--open")


def test_restart_and_end() -> None:
    with running_ptyd() as ptyd, tempfile.TemporaryDirectory(prefix="pt-", dir="/tmp") as place:
        traveller = Traveller(ptyd, Path(place))
        pid = ptyd.daemon_pid()
        assert f"after {pid}" in traveller.ptyd_there("restart")
        assert traveller.url in traveller.ptyd_there("down", "--kill-sessions")
        ptyd.keeper.wait(stretch_deadline(20))
        done = traveller.run("ls", **traveller.elsewhere)
        assert done.returncode == 6 and traveller.url in done.stderr and "`ptyd up`" not in done.stderr


def test_login(traveller: Traveller) -> None:
    logins = Path(traveller.env["HOME"]) / ".config/ptyd/logins.json"
    untrusted = traveller.run("login", traveller.url, "--token-file", "-", stdin=f"{traveller.token}\n")
    assert untrusted.returncode == 5 and traveller.fingerprint in untrusted.stderr
    pin = ["--fingerprint", traveller.fingerprint]
    assert traveller.run("login", traveller.url, *pin, PTYD_TOKEN="wrong").returncode == 5
    assert traveller.run("login", traveller.url, *pin).returncode == 2
    assert not logins.exists()
    done = traveller.run("login", traveller.url, *pin, "--token-file", "-", stdin=f"{traveller.token}\n")
    assert done.returncode == 0 and traveller.token not in done.stdout
    assert stat.S_IMODE(logins.stat().st_mode) == 0o600
    for way in (["--host", traveller.url.replace("https", "wss"), "ls"], ["--host", f"{traveller.url}/", "status"]):
        assert traveller.run(*way).returncode == 0
    assert traveller.run("ls", PTYD_HOST=traveller.url).returncode == 0
    # Another certificate than the one that was saved.
    changed = traveller.run("--host", traveller.url, "--fingerprint", f"sha256:{'0' * 64}", "ls")
    assert changed.returncode == 5 and "another certificate" in changed.stderr
    assert traveller.run("logout", traveller.url).returncode == 0
    assert traveller.run("--host", traveller.url, "ls").returncode == 5
    assert traveller.run("logout", traveller.url).returncode == 1


def test_login_asks_whether_the_certificate_is_the_right_one(traveller: Traveller) -> None:
    for answer, code in (("n", 130), ("y", 0)):
        with Outer(["login", traveller.url], traveller.env, cols=100, rows=24) as outer:
            outer.wait_for_text("Token")
            outer.type(f"{traveller.token}\r")
            wait_for_fingerprint(outer.terminal, traveller.fingerprint)
            assert traveller.token not in outer.terminal.text()
            outer.type(f"{answer}\r")
            assert outer.wait_for_result() == code
    assert traveller.run("--host", traveller.url, "ls").returncode == 0
    traveller.run("logout", traveller.url)


def wait_for_fingerprint(terminal: RealTerminal, fingerprint: str) -> None:
    terminal.wait_for(lambda _: fingerprint in "".join(terminal.text().split()), "the fingerprint")


def test_token_file_and_own_daemon(traveller: Traveller, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{traveller.token}\n")
    way = ["--host", traveller.url, "--fingerprint", traveller.fingerprint, "--token-file"]
    assert traveller.run(*way, str(file), "ls", PTYD_TOKEN="wrong").returncode == 0
    for bad in ("", "two words"):
        file.write_text(bad)
        assert traveller.run(*way, str(file), "ls").returncode == 2
    # The empty host is one's own daemon again, and that does not run.
    assert traveller.run("--host", "", "status", **traveller.elsewhere).returncode == 6
    assert traveller.run("--fingerprint", traveller.fingerprint, "ls").returncode == 2
    plain = traveller.run("--host", "http://192.0.2.1:7000", "ls")
    assert plain.returncode == 2 and "in the clear" in plain.stderr


def test_other_unix_sockets(traveller: Traveller) -> None:
    host = f"unix://{traveller.ptyd.sock_path}"
    assert traveller.run("--host", host, "status").returncode == 0
    with tempfile.TemporaryDirectory(prefix="pt-", dir="/tmp") as nobody:
        assert traveller.run("--host", f"unix://{nobody}/ptyd.sock", "new", "-d", "--", "cat").returncode == 6


@pytest.mark.parametrize("verb", sorted(set(VERBS) - LOCAL_VERBS))
def test_no_verb_speaks_to_anybody_else(
    verb: str, traveller: Traveller, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody answers at that address, and no verb falls back on, or starts, a daemon of this user's own."""
    for name in ("HOME", "PTYD_DIR"):
        monkeypatch.setenv(name, traveller.env[name])
    arguments = {
        "new": ["-d", "--", "cat"],
        "claude": ["-d", "--"],
        "rename": ["a", "b"],
        "resize": ["a", "80", "24"],
        "send": ["a", "x"],
        "wait": ["a", "--exit"],
        "notify": ["test"],
        "ls": [],
        "status": [],
        "up": ["--open"],
        "down": ["--kill-sessions"],
        "restart": [],
    }.get(verb, ["a"])
    try:
        code = run(["--host", "https://127.0.0.1:1", "--fingerprint", traveller.fingerprint, verb, *arguments])
    finally:
        choose_target(None)
    assert code in (2, 6)
    assert code == 2 or "https://127.0.0.1:1" in capsys.readouterr().err


def test_a_link_leads_to_where_we_know_the_daemon(traveller: Traveller) -> None:
    traveller.ptyd.request("create", argv=["cat"], name="linked")
    assert traveller.ptyd_there("share", "linked").startswith(f"{traveller.url}/login#")
