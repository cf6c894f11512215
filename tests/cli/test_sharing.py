"""``ptyd token``, ``share`` and ``unshare``, for real."""

import json
import re
from collections.abc import Iterator

import click
import pytest
from ptyd_cli.durations import Duration
from ptyd_sdk import NotAuthenticated
from ptyd_sdk.blocking import connect

from tests.cli.outer import Outer
from tests.support.daemon import PtydUnderTest, running_ptyd


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as ptyd:
        for name in ("build", "serve"):
            ptyd.request("create", argv=["cat"], name=name)
        yield ptyd


def place_of(ptyd: PtydUnderTest) -> str:
    listener = ptyd.request("listen")
    return f"http://{listener['host']}:{listener['port']}"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5h", 5400), ("7d", 604_800), ("12", 12)]
)
def test_durations(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "h", "0", "-1h", "2w", "2 h", "1h30m", "∞"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Duration().convert(text, None, None)


def test_a_token_from_its_making_to_its_end(ptyd: PtydUnderTest) -> None:
    made = ptyd.cli("token", "create", "ci", "--may", "observe", "--may", "create", "--for", "2h", check=True)
    secret = made.stdout.strip()
    assert re.fullmatch(r"[\w-]{43}", secret)  # alone on standard output, for $(...)
    assert "token ci" in made.stderr and "2h" in made.stderr
    listed = ptyd.cli("token", "ls", check=True).stdout
    assert re.search(r"ci +token +observe,create +all +\d+s +2h|1h", listed)
    assert secret not in listed + ptyd.cli("token", "ls", "--json", check=True).stdout
    with connect(place_of(ptyd), token=secret) as others:
        assert (others.principal, others.rights) == ("ci", {"observe", "create"})
        assert {session.name for session in others.sessions()} >= {"build", "serve"}
    ptyd.cli("token", "revoke", "ci", check=True)
    with pytest.raises(NotAuthenticated), connect(place_of(ptyd), token=secret):
        pass
    assert ptyd.cli("token", "revoke", "ci").returncode == 3
    assert ptyd.cli("token", "create", "owner").returncode == 2
    assert ptyd.cli("token", "create", "--may", "fly").returncode == 2


def test_a_link_from_its_making_to_its_end(ptyd: PtydUnderTest) -> None:
    shared = ptyd.cli("share", "build", "--for", "30m", check=True)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/login#[\w-]{43}\n", shared.stdout)
    assert "only look" in shared.stderr
    link = json.loads(ptyd.cli("share", "build", "--control", "--uses", "1", "--json", check=True).stdout)
    assert link["info"]["rights"] == ["control"] and link["info"]["uses_left"] == 1
    listed = ptyd.cli("share", "--ls", check=True).stdout
    assert listed.count("share-") == 2 and shared.stdout.partition("#")[2].strip() not in listed
    ptyd.cli("unshare", link["id"], check=True)
    assert ptyd.cli("share", "--ls", check=True).stdout.count("share-") == 1
    ptyd.cli("unshare", "build", check=True)
    assert "no links" in ptyd.cli("share", "--ls", check=True).stdout
    assert ptyd.cli("unshare", "build").returncode == 3
    assert ptyd.cli("unshare", "nobody").returncode == 3
    assert ptyd.cli("share", "nobody").returncode == 3


def test_a_link_by_another_address(ptyd: PtydUnderTest) -> None:
    shared = ptyd.cli("share", "serve", "--at", "https://box.example/ptyd/", check=True)
    assert re.fullmatch(r"https://box\.example/ptyd/login#[\w-]{43}\n", shared.stdout)


def test_a_terminal_shows_a_code(ptyd: PtydUnderTest) -> None:
    with Outer(["share", "serve"], ptyd.env, cols=120, rows=40) as outer:
        assert outer.wait_for_result() == 0
        assert outer.terminal.raw.decode(errors="replace").count("▄") > 50
