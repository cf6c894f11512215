"""A conversation as one HTML file that loads nothing. All that anybody said is escaped: it is text, never markup."""

import json
from html import escape
from typing import Any

from ptyd.conversations.result_text import result_text
from ptyd.conversations.transcript import Block
from ptyd.conversations.writer import NAMES, Part

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 52rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; border-top: 1px solid #8886; padding-top: .75rem; }
h2 small { font-weight: normal; opacity: .75; }
p, pre { white-space: pre-wrap; margin: .5rem 0; }
pre, summary { font: .875rem/1.45 ui-monospace, monospace; }
pre { background: #8882; border-radius: .375rem; padding: .625rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .125rem 1rem; }
dd { margin: 0; }
"""


class HtmlWriter:
    def head(self, facts: dict[str, Any]) -> str:
        title = escape(str(facts.get("title") or facts.get("id", "")))
        rows = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>\n"
            for name, value in facts.items()
            if name != "title" and value != ""
        )
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
            '<meta name="viewport" content="width=device-width">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<dl>\n{rows}</dl>\n"
        )

    def part(self, part: Part) -> str:
        blocks = "".join(self._block(block) for block in part.blocks)
        if not part.is_new:
            return blocks
        about = " · ".join(word for word in (part.time, part.model) if word)
        return f"<h2>{escape(NAMES.get(part.role, part.role))} <small>{escape(about)}</small></h2>\n{blocks}"

    def tail(self) -> str:
        return "</body>\n</html>\n"

    def _block(self, block: Block) -> str:
        if block.type == "text":
            return f"<p>{escape(block.text)}</p>\n"
        if block.type == "thinking":
            return _folded("Thinking", block.thinking)
        if block.type == "tool_use":
            return _folded(block.name, json.dumps(block.input, indent=2, ensure_ascii=False), is_open=True)
        if block.type == "tool_result":
            return _folded("Error" if block.is_error else "Result", result_text(block.content))
        return f"<p>({escape(block.type)})</p>\n"


def _folded(name: str, text: str, *, is_open: bool = False) -> str:
    state = " open" if is_open else ""
    return f"<details{state}><summary>{escape(name)}</summary><pre>{escape(text)}</pre></details>\n"
