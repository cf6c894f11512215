"""Conversations as files: complete, in pieces, and harmless."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol.conversations import ExportFormat

from ptyd.conversations import export as exporting
from ptyd.conversations.export import BadResume, export_piece
from ptyd.conversations.render_markdown import fence
from tests.support.transcripts import Talk

FACTS: dict[str, Any] = {"title": "<b>a</b>\ntitle", "id": "b3ed", "cost (USD)": 0.5}
EVIL = "<script>alert(1)</script> & \"quotes\" 'too' <!-- ```` -->"


def export(path: Path, file_format: ExportFormat) -> tuple[str, int]:
    """The whole, and in how many pieces."""
    data, resume, pieces = b"", "", 0
    while True:
        piece = export_piece(path, FACTS, file_format, resume)
        data, pieces = data + piece.data, pieces + 1
        if piece.resume is None:
            return data.decode(), pieces
        resume = piece.resume


@pytest.fixture
def path(tmp_path: Path) -> Path:
    talk = Talk()
    use = {"type": "tool_use", "name": "Ba<sh", "input": {"command": EVIL}}
    think = {"type": "thinking", "thinking": EVIL}
    first = talk.answer(think, EVIL)
    second = {**first, "message": {**first["message"], "content": [use]}}
    picture = [{"type": "text", "text": EVIL}, {"type": "image", "source": {"data": "AAAA"}}]
    meta = talk.prompt("not to be seen", isMeta=True)
    lines = [talk.prompt(EVIL), meta, first, second, talk.tool_result(picture), talk.answer("the end")]
    return talk.write(tmp_path, lines)


def test_markdown(path: Path) -> None:
    text, _ = export(path, "markdown")
    assert text.startswith("# <b>a</b> title\n\n- id: b3ed\n- cost (USD): 0.5\n\n## User · 2026-11-29")
    assert re.findall(r"^## (User|Claude|Tool result)", text, re.MULTILINE) == [
        *("User", "Claude", "Tool result", "Claude"),
    ]
    assert "**Ba<sh**\n\n`````json\n" in text and "(image)" in text and "not to be seen" not in text
    assert text.endswith("the end\n\n")


def test_html_shows_everything_as_text(path: Path) -> None:
    text, _ = export(path, "html")
    tags = set(re.findall(r"</?([a-zA-Z0-9!]+)", text))
    assert tags <= {
        *("!doctype", "html", "head", "meta", "title", "style", "body", "h1", "h2", "small", "dl", "dt", "dd", "p"),
        *("details", "summary", "pre"),
    }
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;") == 4
    assert "default-src 'none'" in text and not re.search(r"(src|href)=|url\(|@import", text)
    assert text.count("<h2>") == 4 and text.endswith("</html>\n")


def test_json(path: Path) -> None:
    head, *messages = json.loads(export(path, "json")[0])
    assert head == {"conversation": FACTS}
    assert [(one["role"], one["continues"]) for one in messages] == [
        *(("user", False), ("assistant", False), ("assistant", True), ("tool", False), ("assistant", False)),
    ]
    assert messages[2]["blocks"] == [{"type": "tool_use", "name": "Ba<sh", "input": {"command": EVIL}}]


@pytest.mark.parametrize("file_format", ["markdown", "json", "html"])
def test_pieces_are_the_whole(path: Path, file_format: ExportFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, pieces = export(path, file_format)
    assert pieces == 1
    monkeypatch.setattr(exporting, "PIECE_BYTES", 1)
    assert export(path, file_format) == (whole, 6)


@pytest.mark.parametrize("resume", ["x", "-1:a", "1" * 30, "²:a"])
def test_a_token_that_is_not_ours(path: Path, resume: str) -> None:
    with pytest.raises(BadResume):
        export_piece(path, FACTS, "markdown", resume)


def test_nothing_ends_a_fence_from_within() -> None:
    for text in ("a", "```\nb", "`````", "x ```` y"):
        ticks = fence(text).split("\n")[0]
        assert ticks not in text and fence(text).count(ticks) == 2
