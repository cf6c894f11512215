from pathlib import Path

import pytest

from ptyd.conversations.search import CONTEXT_CHARS, find_excerpts
from tests.support.transcripts import Talk


def search(tmp_path: Path, talk: Talk, text: str, limit: int = 10) -> list[tuple[str, str]]:
    """Roles, and what was found."""
    found = find_excerpts(talk.path(tmp_path), text, limit)
    return [(excerpt.role, excerpt.text[excerpt.begin : excerpt.end]) for excerpt in found]


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    talk = Talk()
    answer = talk.answer('He said "Grüße\nto all" — STRASSE')
    lines = [
        *(talk.prompt("Find the Needle, please"), talk.prompt("needle of the program", isMeta=True)),
        *(answer, {**answer, "uuid": "other"}, talk.tool_result("a needle in a file")),
        talk.answer("x" * 500 + "NEEDLE" + "y" * 500),
    ]
    talk.write(tmp_path, lines)
    return talk


def test_whatever_the_case(talk: Talk, tmp_path: Path) -> None:
    """What people and the model said, and neither what tools gave back nor what the program put in."""
    assert search(tmp_path, talk, "nEEdle") == [("user", "Needle"), ("assistant", "NEEDLE")]
    assert search(tmp_path, talk, "needle", limit=1) == [("user", "Needle")]


@pytest.mark.parametrize("text", ["grüße", '"GRÜSSE'.replace("SS", "ß"), "Grüße\nto", "— strasse"])
def test_as_it_was_said_and_not_as_it_is_written_down(talk: Talk, tmp_path: Path, text: str) -> None:
    [(role, found)] = search(tmp_path, talk, text)
    assert (role, found.lower()) == ("assistant", text.lower())


@pytest.mark.parametrize("text", ["nothing", "type", "msg_", ".*", "\\"])
def test_only_what_was_said(talk: Talk, tmp_path: Path, text: str) -> None:
    assert search(tmp_path, talk, text) == []


def test_an_excerpt_is_short(talk: Talk, tmp_path: Path) -> None:
    excerpt = find_excerpts(talk.path(tmp_path), "needle", 2)[1]
    assert len(excerpt.text) == 2 * CONTEXT_CHARS + len("needle") + 2
    assert excerpt.text.startswith("…x") and excerpt.text.endswith("y…")
