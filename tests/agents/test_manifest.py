"""Agents that a file describes."""

import logging
from pathlib import Path

import pytest

from ptyd.agents.manifest import BUILT_IN, ManifestError, ManifestObserver, Manifests, read_manifest
from ptyd.core.screen.output_signals import OutputSignal

MINE = r"""
programs = ["mine", "my-agent"]

[progress]
working = [1, 3]
idle = [0]

[[title]]
pattern = '^busy'
state = "working"

[[notification]]
pattern = 'your turn'
state = "waiting"
waits_for = "input"

[[screen]]
pattern = '^Allow \w+\?$'
state = "waiting"
waits_for = "permission"
detail = "leave to run it"
"""


@pytest.fixture
def mine(tmp_path: Path) -> ManifestObserver:
    (tmp_path / "mine.toml").write_text(MINE)
    return ManifestObserver(read_manifest(tmp_path / "mine.toml"))


@pytest.mark.parametrize(
    ("kind", "text", "state"),
    [
        ("title", "busy with it", "working"),
        ("title", "else", None),
        ("notification", "it is your turn", "waiting"),
        ("notification", "hello", None),
        ("progress", "3", "working"),
        ("progress", "1;50", "working"),
        ("progress", "0", "idle"),
        ("progress", "2", None),
        ("progress", "", None),
        ("mark", "C", "working"),
        ("bell", "", None),
    ],
)
def test_signals(mine: ManifestObserver, kind: str, text: str, state: str | None) -> None:
    seen = mine.observe_signal(OutputSignal(kind, text), 5.0)  # type: ignore[arg-type]
    assert (seen.state if seen is not None else None) == state


def test_screens(mine: ManifestObserver) -> None:
    assert mine.looks_at_screen
    assert mine.observe_screen("nothing\nof it\n", 5.0) is None
    seen = mine.observe_screen("> run it\nAllow this?\n", 5.0)
    assert seen is not None
    assert (seen.state, seen.waits_for, seen.detail) == ("waiting", "permission", "leave to run it")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("programs = [", "Expected|Invalid|Unclosed"),
        ("", "programs"),
        ("programs = []", "length"),
        ('programs = ["x"]\n[[title]]\npattern = "("\nstate = "idle"', "regular expression"),
        ('programs = ["x"]\n[[title]]\npattern = "a"\nstate = "bored"', "bored|enum"),
        ('programs = ["x"]\n[[title]]\npattern = "a"\nstate = "waiting"', "waits_for"),
        ('programs = ["x"]\n[[titel]]\npattern = "a"\nstate = "idle"', "titel"),
    ],
)
def test_what_is_none_says_why(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(ManifestError, match=complaint):
        read_manifest(tmp_path / "bad.toml")


def test_the_users_replace_ours_and_bad_ones_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "mine.toml").write_text(MINE)
    (tmp_path / "gemini.toml").write_text('programs = ["gemini"]\n')
    (tmp_path / "bad.toml").write_text("no")
    manifests = Manifests()
    with caplog.at_level(logging.ERROR):
        manifests.load(tmp_path)
    assert "bad.toml is left out" in caplog.text
    gemini = manifests.find(["gemini"])
    assert gemini is not None
    assert gemini.title == []
    for argv in (["mine"], ["/opt/my-agent", "-x"], ["node", "/lib/mine.js"], ["npx", "mine"]):
        assert manifests.find(argv) is not None, argv
    for argv in (["bash"], ["cat", "mine"], ["node"], []):
        assert manifests.find(argv) is None, argv


@pytest.mark.parametrize("path", sorted(BUILT_IN.glob("*.toml")), ids=lambda path: path.stem)
def test_ours_are_good(path: Path) -> None:
    read_manifest(path)


@pytest.mark.parametrize(
    ("title", "state", "waits_for"),
    [
        ("◇  Ready (src)", "idle", None),
        ("✦  Reading files (src)", "working", None),
        ("⏲  Working… (src)", "working", None),
        ("✋  Action Required (src)", "waiting", "permission"),
    ],
)
def test_gemini(title: str, state: str, waits_for: str | None) -> None:
    observer = ManifestObserver(read_manifest(BUILT_IN / "gemini.toml"))
    seen = observer.observe_signal(OutputSignal("title", title), 5.0)
    assert seen is not None
    assert (seen.state, seen.waits_for) == (state, waits_for)
