"""The real Claude Code waits, and whoever is configured hears of it, through apprise, while nobody looks."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notices.mailbox import SECRET, Mailbox, open_mailbox
from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.fake_messages_api import FakeMessagesApi, ToolUse
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def notifying(mailbox: Mailbox) -> Iterator[PtydUnderTest]:
    with tempfile.TemporaryDirectory(prefix="cfg-", dir="/tmp") as place:
        config = Path(place) / "ptyd" / "config.toml"
        config.parent.mkdir()
        config.write_text(
            f'[notify]\nurls = ["{mailbox.url}"]\nfinished_after_seconds = 0\nrepeat_seconds = 0\nwith_details = true\n'
        )
        config.chmod(0o600)
        with running_ptyd(XDG_CONFIG_HOME=place) as ptyd:
            yield ptyd


def start_claude(ptyd: PtydUnderTest, claude: HermeticClaude) -> str:
    """Its session's id, when it can take a prompt."""
    session = ptyd.request(
        "create", argv=claude.argv, cwd=str(claude.cwd), env=claude.env, kind="claude", name="fix-auth"
    )
    wait_for_state(ptyd, "idle")
    return str(session["id"])


def wait_for_state(ptyd: PtydUnderTest, *states: str) -> None:
    ptyd.request("wait_state", session="fix-auth", states=list(states), timeout_seconds=30)


def type_keys(ptyd: PtydUnderTest, keys: str) -> None:
    ptyd.request("send", session="fix-auth", data=keys.encode())


def allow(ptyd: PtydUnderTest) -> None:
    """The dialog is deaf for a moment after it was painted. What is typed before it is there is a draft, which hides
    it."""

    def is_taken() -> bool:
        if "1. Yes" in ptyd.request("capture", session="fix-auth")["text"]:
            type_keys(ptyd, "1")
        return bool(ptyd.request("get", session="fix-auth")["activity"]["state"] != "waiting")

    wait_until(is_taken, what="the permission to be taken")


def test_claude_waits_and_is_done(
    notifying: PtydUnderTest, mailbox: Mailbox, claude: HermeticClaude, api: FakeMessagesApi
) -> None:
    api.script("touch it", [ToolUse("Bash", {"command": "touch made-it", "description": "Touch"})], ["Done."])
    start_claude(notifying, claude)
    mailbox.refusals = 1
    type_keys(notifying, "touch it please\r")
    wait_for_state(notifying, "waiting")
    [waiting] = mailbox.wait_for(1, 60)
    assert (waiting["title"], waiting["type"]) == ("fix-auth waits for permission: Bash", "warning")
    assert waiting["message"] == "touch made-it\nPrompt: touch it please"
    assert mailbox.attempts == 2, "the first attempt was refused"

    # Told once, also by the next daemon.
    wait_until(lambda: "waiting was told to url 1 (JSON)" in (notifying.runtime_dir / "daemon.log").read_text())
    notifying.wait_for_new_daemon(notifying.kill_daemon())
    wait_for_state(notifying, "waiting")
    allow(notifying)
    wait_for_state(notifying, "idle")
    finished = mailbox.wait_for(2)[1]
    assert (finished["title"], finished["type"]) == ("fix-auth has finished", "success")
    assert mailbox.attempts == 3
    assert (claude.cwd / "made-it").exists()

    # It dies of itself.
    pid = notifying.sessions()[0]["pid"]
    notifying.request("signal", session="fix-auth", signal="KILL")
    assert mailbox.wait_for(3)[2]["title"] == "fix-auth was killed by signal 9", pid
    log = "".join(path.read_text() for path in notifying.runtime_dir.glob("*.log"))
    assert SECRET not in log
