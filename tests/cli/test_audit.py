"""``ptyd audit``: what it prints, chooses and follows."""

import json
import re
import subprocess

from tests.support.daemon import PTYD_COMMAND, PtydUnderTest, running_ptyd


def audit(ptyd: PtydUnderTest, *arguments: str) -> list[str]:
    return ptyd.cli("audit", *arguments, check=True).stdout.splitlines()


def test_who_did_what(ptyd: PtydUnderTest) -> None:
    ptyd.cli("new", "-d", "-n", "seen", "--", "sleep", "1000", check=True)
    ptyd.cli("kill", "seen", check=True)
    lines = audit(ptyd, "--session", "seen")
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  created +seen +owner unix .*program=sleep arguments=1", lines[0])
    assert [line.split()[2] for line in lines] == ["created", "exited", "killed"]
    assert [line.split()[2] for line in audit(ptyd, "--session", "seen", "--event", "killed")] == ["killed"]


def test_json_and_since(ptyd: PtydUnderTest) -> None:
    ptyd.cli("new", "-d", "-n", "json", "--", "sleep", "1000", check=True)
    records = [json.loads(line) for line in audit(ptyd, "--json", "--session", "json")]
    assert [(one["event"], one["name"], one["principal"]) for one in records] == [("created", "json", "owner")]
    assert audit(ptyd, "--session", "json", "--since", "2h") != []
    assert audit(ptyd, "--session", "json", "--since", "2999-01-01") == []
    assert ptyd.cli("audit", "--since", "yesterday").returncode == 2


def test_follow(ptyd: PtydUnderTest) -> None:
    """Over the daemon's end, too."""
    command = [PTYD_COMMAND, "audit", "--follow", "--event", "created", "--event", "daemon_started"]
    with subprocess.Popen(command, env=ptyd.env, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        try:
            ptyd.cli("new", "-d", "-n", "followed", "--", "sleep", "1000", check=True)
            for line in following.stdout:
                if "followed" in line:
                    break
            pid = ptyd.wait_for_new_daemon(ptyd.kill_daemon())
            for line in following.stdout:
                if f"pid={pid}" in line:
                    break
            ptyd.cli("new", "-d", "-n", "after", "--", "sleep", "1000", check=True)
            for line in following.stdout:
                if "after" in line:
                    break
        finally:
            following.terminate()


def test_names_write_nothing_to_the_terminal(ptyd: PtydUnderTest) -> None:
    """A program may have any name."""
    nasty = ptyd.home / "\x1b]0;pwned\x07\x9b31m"
    nasty.symlink_to("/bin/sleep")
    ptyd.cli("new", "-d", "-n", "nasty", "--", str(nasty), "1000", check=True)
    for arguments in ([], ["--json"]):
        text = "\n".join(audit(ptyd, "--session", "nasty", *arguments))
        assert "pwned" in text
        assert [char for char in text if not char.isprintable() and char != "\n"] == []


def test_without_a_daemon_the_files_are_read() -> None:
    with running_ptyd() as ptyd:
        assert ptyd.cli("audit", PTYD_DIR=str(ptyd.home)).returncode == 6
        ptyd.cli("new", "-d", "-n", "past", "--", "true", check=True)
        audit(ptyd)  # everything is written
        files = {path.name: path.read_bytes() for path in ptyd.runtime_dir.glob("audit.log*")}
        elsewhere = ptyd.home / "elsewhere"
        elsewhere.mkdir(mode=0o700)
        for name, content in files.items():
            (elsewhere / name).write_bytes(content)
        found = ptyd.cli("audit", "--session", "past", PTYD_DIR=str(elsewhere), check=True).stdout
        assert "created" in found


def test_no_audit() -> None:
    with running_ptyd(PTYD_AUDIT_BYTES="0") as ptyd:
        result = ptyd.cli("audit")
        assert result.returncode == 6
        assert "audit_bytes" in result.stderr
        assert not (ptyd.runtime_dir / "audit.log").exists()
