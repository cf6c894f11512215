"""``ptyd notify test``: says which URL failed and why, and never what it is."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notices.mailbox import SECRET, Mailbox, free_port_url, open_mailbox
from tests.support.daemon import PtydUnderTest, running_ptyd


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as mailbox:
        yield mailbox


@pytest.fixture(scope="module")
def notifying(mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PtydUnderTest]:
    """Its first URL works, the second does not."""
    place = tmp_path_factory.mktemp("config")
    config = place / "ptyd" / "config.toml"
    config.parent.mkdir()
    config.write_text(f'[notify]\nurls = ["{mailbox.url}", "{free_port_url()}"]\n')
    config.chmod(0o600)
    with running_ptyd(XDG_CONFIG_HOME=str(place)) as ptyd:
        yield ptyd


def test_which_failed_and_why(notifying: PtydUnderTest, mailbox: Mailbox) -> None:
    ended = notifying.cli("notify", "test")
    assert ended.returncode == 1
    first, second = ended.stdout.splitlines()
    assert first == "url 1 (JSON): sent"
    assert second.startswith("url 2 (JSON): failed: ")
    assert second.endswith("[Errno 111] Connection refused")
    assert ended.stderr == ""
    assert mailbox.titles[-1] == "ptyd can reach you"
    told = json.loads(notifying.cli("notify", "test", "--json").stdout)
    assert [bool(one["reason"]) for one in told["outcomes"]] == [False, True]


def test_secrets_stay_secret(notifying: PtydUnderTest) -> None:
    """In what is printed, in the audit, in the logs, in ``status``."""
    said = notifying.cli("notify", "test").stdout + notifying.cli("status", "--json", check=True).stdout
    said += notifying.cli("audit", check=True).stdout
    assert "notify_tested" in said
    for path in notifying.runtime_dir.rglob("*"):
        if path.is_file():
            said += path.read_text(errors="replace")
    assert SECRET not in said


def test_a_file_that_others_can_read(notifying: PtydUnderTest) -> None:
    config = Path(notifying.env["XDG_CONFIG_HOME"]) / "ptyd" / "config.toml"
    config.chmod(0o644)
    try:
        assert f"chmod 600 {config}" in notifying.cli("notify", "test").stderr
        assert f"chmod 600 {config}" in notifying.cli("doctor").stdout
    finally:
        config.chmod(0o600)


def test_nobody_is_configured(ptyd: PtydUnderTest) -> None:
    ended = ptyd.cli("notify", "test")
    assert ended.returncode != 0
    assert "[notify]" in ended.stderr and "docs/notifications.md" in ended.stderr
