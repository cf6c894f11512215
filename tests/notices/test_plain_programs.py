"""Programs that tell nothing of themselves: how they end, and their bells; and who looks, over the wire."""

from collections.abc import Iterator

import pytest
from ptyd_protocol.messages import Visibility

from tests.daemon.client import connected
from tests.notices.mailbox import Mailbox, open_mailbox
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as mailbox:
        yield mailbox


@pytest.fixture(scope="module")
def config_home(mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("config")
    config = place / "ptyd" / "config.toml"
    config.parent.mkdir()
    config.write_text(f'[notify]\nurls = ["{mailbox.url}"]\n[daemon]\npublic_url = "https://example.org/ptyd"\n')
    config.chmod(0o600)
    return str(place)


@pytest.fixture(scope="module")
def notifying(config_home: str) -> Iterator[PtydUnderTest]:
    with running_ptyd(XDG_CONFIG_HOME=config_home) as ptyd:
        yield ptyd


def test_a_bell(notifying: PtydUnderTest, mailbox: Mailbox) -> None:
    before = len(mailbox.taken)
    session = notifying.request("create", argv=["sh", "-c", "printf '\\a'; exec sleep 1000"], name="ringing")
    told = mailbox.wait_for(before + 1)[-1]
    assert told["title"] == "ringing has rung the bell"
    assert told["message"] == f"https://example.org/ptyd/#{session['id']}"


def test_only_where_nobody_looks(notifying: PtydUnderTest, mailbox: Mailbox) -> None:
    before = len(mailbox.taken)
    for name in ("looked-at", "put-away", "alone"):
        notifying.request("create", argv=["cat"], name=name)
    with connected(notifying.sock_path) as viewer:
        viewer.attach(1, "looked-at")
        viewer.attach(2, "put-away")
        viewer.send(Visibility(2, hidden=True))
        viewer.ping()
        for name in ("looked-at", "put-away", "alone"):
            notifying.request("signal", session=name, signal="QUIT")
        told = {one["title"] for one in mailbox.wait_for(before + 2)[before:]}
    assert told == {"put-away was killed by signal 3", "alone was killed by signal 3"}


def test_not_of_an_end_that_was_asked_for(notifying: PtydUnderTest, mailbox: Mailbox) -> None:
    before = len(mailbox.taken)
    for name in ("unwanted", "broken"):
        notifying.request("create", argv=["cat"], name=name)
    notifying.request("kill", session="unwanted")
    notifying.request("signal", session="broken", signal="QUIT")
    assert mailbox.wait_for(before + 1)[-1]["title"] == "broken was killed by signal 3"
    assert len(mailbox.taken) == before + 1


def test_not_of_the_end_of_all(config_home: str, mailbox: Mailbox) -> None:
    """One takes its time, in which the other could be told of."""
    before = mailbox.attempts
    with running_ptyd(XDG_CONFIG_HOME=config_home) as ptyd:
        ptyd.request("create", argv=["cat"], name="quick")
        ptyd.request(
            "create", argv=["sh", "-c", "trap '' HUP TERM; echo ready; while :; do sleep 1; done"], name="slow"
        )
        wait_until(lambda: "ready" in ptyd.request("capture", session="slow")["text"])
        ptyd.request("shutdown", kill_sessions=True)
        ptyd.keeper.wait()
    assert mailbox.attempts == before
