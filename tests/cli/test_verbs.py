"""The verbs against a running daemon: what they do, print and exit with."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.daemon import PTYD_COMMAND, PtydUnderTest
from tests.support.waiting import wait_until

SESSION_KEYS = {"id", "name", "state", "pid", "argv", "cwd", "cols", "rows", "created_at", "clients"}


def start(ptyd: PtydUnderTest, name: str, *command: str) -> None:
    ptyd.cli("new", "-d", "-n", name, "--", *command, check=True)


def start_shell(ptyd: PtydUnderTest, name: str) -> None:
    """A shell that has shown its prompt."""
    ptyd.cli("new", "-d", "-n", name, "-e", "PS1=inner> ", "--", "bash", "--norc", "--noprofile", check=True)
    ptyd.cli("wait", name, "--text", "inner>", check=True)


FURTHER_HEADS = ("PID", "SIZE", "CLIENTS", "AGE", "COMMAND", "TITLE")


def test_new_prints_the_name_and_ls_lists_it(ptyd: PtydUnderTest) -> None:
    assert ptyd.cli("new", "-d", "-n", "listed", "--", "sleep", "1000", check=True).stdout == "listed\n"
    for arguments in ([], ["ls"]):
        lines = ptyd.cli(*arguments, check=True).stdout.splitlines()
        assert lines[0].split() == ["NAME", "ID", "STATE", "DOES", *FURTHER_HEADS]
        row = r"listed +[0-9a-f]{8} +running +(active|quiet) \d+s +\d+ +80x24 +0 +\d+s +sleep 1000$"
        assert any(re.match(row, line) for line in lines)


def test_ls_json(ptyd: PtydUnderTest) -> None:
    start(ptyd, "json", "sleep", "1000")
    found = [info for info in json.loads(ptyd.cli("ls", "--json", check=True).stdout) if info["name"] == "json"]
    assert len(found) == 1
    assert found[0].keys() >= SESSION_KEYS
    assert found[0]["argv"] == ["sleep", "1000"]
    assert found[0]["state"] == "running"


def test_status_json(ptyd: PtydUnderTest) -> None:
    status = json.loads(ptyd.cli("status", "--json", check=True).stdout)
    assert status.keys() >= {"daemon_pid", "version", "uptime", "sessions"}
    assert status["daemon_pid"] == ptyd.daemon_pid()
    shown = ptyd.cli("status", check=True).stdout
    assert f"pid {status['daemon_pid']}" in shown
    assert set(status["enforcement"]) >= {"memory_bytes", "open_files", "end"}
    assert all(f"kept by {means}" in re.sub(" +", " ", shown) for means in status["enforcement"].values())


def test_new_as_json_in_a_directory_of_a_size(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    arguments = [
        "-d",
        "--json",
        "-c",
        str(tmp_path),
        "--cols",
        "101",
        "--rows",
        "33",
        "--",
        "sh",
        "-c",
        "pwd; stty size; cat",
    ]
    info = json.loads(ptyd.cli("new", *arguments, check=True).stdout)
    assert (info["cols"], info["rows"], info["cwd"]) == (101, 33, str(tmp_path))
    text = ptyd.cli("wait", info["id"], "--text", "33 101", "--timeout", "10")
    assert text.returncode == 0
    assert ptyd.cli("capture", info["id"]).stdout.splitlines()[:2] == [str(tmp_path), "33 101"]


def test_new_passes_the_environment_that_it_should(ptyd: PtydUnderTest) -> None:
    outside = {"EDITOR": "ed", "SECRET_TOKEN": "x", "CLAUDECODE": "1", "TMUX": "/t", "TAKEN": "over", "COLUMNS": "7"}
    arguments = ["-d", "-n", "env", "-e", "ADDED=a=b", "-e", "TAKEN", "-e", "LANG=POSIX", "-e", "NOT_SET_HERE"]
    result = ptyd.cli("new", *arguments, "--", "sh", "-c", "env; echo THE=END; cat", **outside)
    assert result.returncode == 0
    assert "NOT_SET_HERE" in result.stderr
    ptyd.cli("wait", "env", "--text", "THE=END", check=True)
    lines = ptyd.cli("capture", "env", "--scrollback", "-1", check=True).stdout.splitlines()
    variables = dict(line.split("=", 1) for line in lines if "=" in line)
    assert variables.items() >= {"EDITOR": "ed", "ADDED": "a=b", "TAKEN": "over", "LANG": "POSIX", "PTYD": "1"}.items()
    assert not variables.keys() & {"SECRET_TOKEN", "CLAUDECODE", "TMUX", "COLUMNS", "NOT_SET_HERE", "PTYD_DIR"}


def test_attaching_needs_a_terminal(ptyd: PtydUnderTest) -> None:
    ptyd.cli("new", "-d", "-n", "there", "--", "sleep", "1000")
    result = ptyd.cli("attach", "there")
    assert result.returncode == 2
    assert "needs a terminal" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["new", "-d", "--", "no-such-program"], 1, "command not found: no-such-program"),
        (["new", "-d", "-c", "/no/such/dir", "--", "true"], 1, "no such directory: /no/such/dir"),
        (["new", "-d", "--", "/etc/passwd"], 5, "/etc/passwd"),
        (["new", "-d", "-n", "bad name", "--", "true"], 2, "name"),
        (["kill", "nobody"], 3, "ptyd ls"),
        (["attach", "nobody"], 3, "nobody"),
        (["capture", "nobody"], 3, "nobody"),
        (["wait", "nobody", "--exit"], 3, "nobody"),
        (["tail", "-f", "nobody"], 3, "nobody"),
        (["send", "nobody", "x"], 3, "nobody"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_refusals(ptyd: PtydUnderTest, arguments: list[str], code: int, word: str) -> None:
    result = ptyd.cli(*arguments)
    assert result.returncode == code
    assert word in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_taken_name_is_4(ptyd: PtydUnderTest) -> None:
    start(ptyd, "taken", "sleep", "1000")
    start(ptyd, "other", "sleep", "1000")
    for arguments in (["new", "-d", "-n", "taken", "--", "true"], ["rename", "other", "taken"]):
        result = ptyd.cli(*arguments)
        assert result.returncode == 4
        assert "taken" in result.stderr


def test_unambiguous_beginning_of_a_name(ptyd: PtydUnderTest) -> None:
    start(ptyd, "begin-one", "sleep", "1000")
    start(ptyd, "begin-two", "sleep", "1000")
    assert ptyd.cli("kill", "begin-o").returncode == 0
    start(ptyd, "begin-three", "sleep", "1000")
    result = ptyd.cli("kill", "begin-t")
    assert result.returncode == 3
    assert "begin-t" in result.stderr


def test_kill_ends_the_whole_tree(ptyd: PtydUnderTest) -> None:
    start(ptyd, "tree", "sh", "-c", "trap '' HUP TERM; setsid sleep 1000 & echo child=$!; wait")
    ptyd.cli("wait", "tree", "--text", r"child=\d+", check=True)
    child = int(re.findall(r"child=(\d+)", ptyd.cli("capture", "tree").stdout)[0])
    info = json.loads(ptyd.cli("kill", "tree", "--json", check=True).stdout)
    assert info["state"] == "exited"
    wait_until(lambda: not Path(f"/proc/{child}").exists(), what="the end of the child in a session of its own")


def test_kill_with_a_signal_only_signals(ptyd: PtydUnderTest) -> None:
    start(ptyd, "signalled", "sh", "-c", "trap 'echo got-usr1' USR1; echo ready; while :; do sleep 0.1; done")
    ptyd.cli("wait", "signalled", "--text", "ready", check=True)
    for name in ("USR1", "sigusr1", str(int(signal.SIGUSR1))):
        assert ptyd.cli("kill", "signalled", "-s", name).returncode == 0
    assert ptyd.cli("wait", "signalled", "--text", "got-usr1", "--timeout", "10").returncode == 0
    assert ptyd.cli("kill", "signalled", "-s", "BOGUS").returncode == 2


def test_rename_and_resize(ptyd: PtydUnderTest) -> None:
    start(ptyd, "first-name", "sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.1; done")
    ptyd.cli("wait", "first-name", "--text", "ready", check=True)
    assert (
        json.loads(ptyd.cli("rename", "first-name", "second-name", "--json", check=True).stdout)["name"]
        == "second-name"
    )
    assert ptyd.cli("resize", "first-name", "90", "20").returncode == 3
    ptyd.cli("resize", "second-name", "90", "20", check=True)
    assert ptyd.cli("wait", "second-name", "--text", "20 90", "--timeout", "10").returncode == 0


def test_send_text_keys_and_enter(ptyd: PtydUnderTest) -> None:
    start_shell(ptyd, "sent")
    ptyd.cli("send", "sent", "echo one-$((1+1))", "--enter", check=True)
    ptyd.cli("wait", "sent", "--text", "one-2", "--timeout", "10", check=True)
    ptyd.cli("send", "sent", "sleep 1000", "--enter", check=True)
    ptyd.cli("send", "sent", "--key", "C-c", check=True)
    ptyd.cli("send", "sent", "-", stdin="echo two-$((2+2))\r", check=True)
    ptyd.cli("wait", "sent", "--text", "two-4", "--timeout", "10", check=True)
    ptyd.cli("send", "sent", "cat -v", "--enter", check=True)
    ptyd.cli("send", "sent", "--key", "F3", "--key", "M-x", "--key", "Up", "--", "-dash", check=True)
    ptyd.cli("send", "sent", "--enter", check=True)
    ptyd.cli("wait", "sent", "--text", r"-dash\^\[OR\^\[x\^\[\[A", "--timeout", "10", check=True)


def test_send_a_long_text(ptyd: PtydUnderTest) -> None:
    start(ptyd, "long", "sh", "-c", "stty raw -echo; echo ready; head -c 300000 | cksum; cat")
    ptyd.cli("wait", "long", "--text", "ready", check=True)
    ptyd.cli("send", "long", "-", stdin="x" * 300_000, check=True)
    assert ptyd.cli("wait", "long", "--text", r"\d+ 300000", "--timeout", "20").returncode == 0


def test_capture_is_text_without_control_sequences(ptyd: PtydUnderTest) -> None:
    start(ptyd, "coloured", "sh", "-c", r"printf '\033[1;31mred\033[m \033]0;title\007plain\n'; seq 100; cat")
    ptyd.cli("wait", "coloured", "--text", "^100$", "--timeout", "10", check=True)
    screen = ptyd.cli("capture", "coloured", check=True).stdout
    assert "100" in screen
    assert "red" not in screen
    everything = ptyd.cli("capture", "coloured", "--scrollback", "-1", check=True).stdout
    assert everything.splitlines()[0] == "red plain"
    assert json.loads(ptyd.cli("capture", "coloured", "--json", check=True).stdout)["source"] == "screen"


def test_wait_for_exit_takes_over_the_status(ptyd: PtydUnderTest) -> None:
    start(ptyd, "ends", "sh", "-c", "read _; exit 9")
    timed_out = ptyd.cli("wait", "ends", "--exit", "--timeout", "0.2")
    assert timed_out.returncode == 124
    assert "0.2" in timed_out.stderr
    ptyd.cli("send", "ends", "--enter", check=True)
    assert ptyd.cli("wait", "ends", "--exit").returncode == 9
    start(ptyd, "killed", "sh", "-c", "kill -KILL $$")
    ended = ptyd.cli("wait", "killed", "--exit", "--json")
    assert ended.returncode == 137
    assert json.loads(ended.stdout)["exit_signal"] == 9


def test_wait_for_text(ptyd: PtydUnderTest) -> None:
    start_shell(ptyd, "spoken")
    assert ptyd.cli("wait", "spoken", "--text", "never-printed", "--timeout", "0.3").returncode == 124
    ptyd.cli("send", "spoken", r"printf 'x\033[1my\033[mz-%d\n' $((20+3)); exit", "--enter", check=True)
    assert ptyd.cli("wait", "spoken", "--text", r"xyz-\d3", "--timeout", "10").returncode == 0
    ended = ptyd.cli("wait", "spoken", "--text", "never-printed", "--timeout", "10")
    assert ended.returncode == 1
    assert "never-printed" in ended.stderr


def test_wait_for_silence(ptyd: PtydUnderTest) -> None:
    start(ptyd, "chatty", "sh", "-c", "while :; do echo tick; sleep 0.05; done")
    assert ptyd.cli("wait", "chatty", "--idle", "5", "--timeout", "0.5").returncode == 124
    start(ptyd, "silent", "cat")
    assert ptyd.cli("wait", "silent", "--idle", "0.2", "--timeout", "10").returncode == 0


def test_tail_is_raw_and_of_the_length_asked_for(ptyd: PtydUnderTest) -> None:
    start(ptyd, "raw", "sh", "-c", r"stty -echo; printf 'first\033[1mbold\033[6n'; printf last; read _")
    ptyd.cli("wait", "raw", "--text", "boldlast", "--timeout", "10", check=True)
    assert ptyd.cli("tail", "raw", check=True).stdout == "first\x1b[1mbold\x1b[6nlast"
    assert ptyd.cli("tail", "raw", "--bytes", "4", check=True).stdout == "last"
    assert ptyd.cli("tail", "raw", "--bytes", "0", check=True).stdout == ""


def test_tail_follows_to_the_end(ptyd: PtydUnderTest) -> None:
    start(ptyd, "followed", "sh", "-c", "stty -onlcr; seq 1 100000; echo end")
    out = ptyd.cli("tail", "-f", "followed", "--bytes", str(8 * 1024 * 1024), check=True).stdout
    assert out.split() == [*map(str, range(1, 100_001)), "end"]


def test_latest_is_detached_without_a_name_and_detach_needs_nobody(ptyd: PtydUnderTest) -> None:
    start(ptyd, "lonely", "sleep", "1000")
    assert ptyd.cli("detach").returncode == 0
    assert ptyd.cli("detach", "lonely").returncode == 0


def test_claude_runs_the_named_program_with_all_arguments(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    program = tmp_path / "claude"
    program.write_text('#!/bin/sh\nprintf "<%s>" "$@"; echo; echo "key=$ANTHROPIC_API_KEY"; cat\n')
    program.chmod(0o755)
    arguments = ["claude", "-n", "mine", "-d", "--", "-d", "--model", "opus", "mend it"]
    ptyd.cli(*arguments, check=True, PTYD_CLAUDE=str(program), ANTHROPIC_API_KEY="k-1")
    ptyd.cli("wait", "mine", "--text", "key=k-1", "--timeout", "10", check=True)
    # Behind the settings with our hooks, and the id of the conversation.
    screen = ptyd.cli("capture", "mine", "--join").stdout
    assert re.search(r"\.agent/settings\.json><--session-id><[-0-9a-f]{36}><-d><--model><opus><mend it>", screen)
    info = ptyd.request("get", session="mine")
    assert (info["kind"], info["argv"][0]) == ("claude", str(program))
    ptyd.cli("new", "-d", "-n", "other-claude", "--", str(program), check=True)
    assert ptyd.request("get", session="other-claude")["kind"] == "claude"


def test_up_listens_and_prints_a_login(ptyd: PtydUnderTest) -> None:
    result = ptyd.cli("up", "--listen", "127.0.0.1:0", check=True)
    assert f"pid {ptyd.daemon_pid()}" in result.stdout
    assert re.search(r"web client: http://127\.0\.0\.1:\d+/", result.stdout)
    opened = ptyd.cli("up", "--open", check=True, PTYD_NO_BROWSER="1")
    assert re.search(r"http://127\.0\.0\.1:\d+/login#\S+", opened.stdout)


def test_up_open_keeps_the_ticket_out_of_command_lines(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" > {seen}\n')
    browser.chmod(0o755)
    ptyd.cli("up", "--open", check=True, BROWSER=str(browser))
    address = wait_until(lambda: seen.exists() and seen.read_text().strip(), what="the browser")
    assert address == (ptyd.runtime_dir / "login.html").as_uri()
    page = ptyd.runtime_dir / "login.html"
    assert page.stat().st_mode & 0o777 == 0o600
    assert "/login#" in page.read_text()


def test_reader_that_goes_away_is_no_traceback(ptyd: PtydUnderTest) -> None:
    start(ptyd, "much", "sh", "-c", "seq 1 200000; cat")
    ptyd.cli("wait", "much", "--text", "^200000", "--timeout", "20", check=True)
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        result = subprocess.run(
            [PTYD_COMMAND, "tail", "much", "--bytes", "1000000"],
            env=ptyd.env,
            stdout=write_end,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        os.close(write_end)
    assert result.returncode == 1
    assert result.stderr == ""


def test_capture_in_every_format(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    start(ptyd, "formats", "sh", "-c", r"printf '\033[1;31mred\033[m %0100d\n' 7; seq 100; cat")
    ptyd.cli("wait", "formats", "--text", "^100$", "--timeout", "10", check=True)

    def capture(*options: str) -> str:
        return ptyd.cli("capture", "formats", "--scrollback", "all", *options, check=True).stdout

    long_line = f"red {7:0100d}"
    assert long_line not in capture()
    assert capture("--join").splitlines()[0] == long_line
    assert re.match(r"\x1b\[[0-9;:]*m", capture("--format", "vt"))
    assert capture("--format", "html").startswith("<pre")
    grid = json.loads(capture("--format", "json"))
    assert grid["cols"] == 80
    assert [cell["text"] for cell in grid["rows"][0]["cells"][:3]] == ["r", "e", "d"]
    file = tmp_path / "captured"
    assert capture("--join", "-o", str(file)) == ""
    assert file.read_text() == capture("--join")
    refused = ptyd.cli("capture", "formats", "-o", str(tmp_path / "none" / "file"))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "No such file" in refused.stderr


def test_lock_and_unlock(ptyd: PtydUnderTest) -> None:
    start(ptyd, "locked", "sh", "-c", r"printf '\033]2;my title\007'; exec sleep 1000")
    wait_until(lambda: ptyd.request("get", session="locked")["title"] == "my title", what="the title")
    assert ptyd.cli("lock", "locked", check=True).stdout == ""
    assert ptyd.request("get", session="locked")["locked"] is True
    line = next(line for line in ptyd.cli("ls", check=True).stdout.splitlines() if line.startswith("locked "))
    assert "running, locked" in line
    assert line.endswith("  my title")
    assert json.loads(ptyd.cli("unlock", "locked", "--json", check=True).stdout)["locked"] is False
    assert ptyd.cli("lock", "nobody").returncode == 3
