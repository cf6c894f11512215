"""What is known of a conversation at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ptyd_protocol.conversations import ConversationInfo, TokenCounts

from ptyd.conversations.prices import Tokens
from ptyd.conversations.summary import DayUse


@dataclass(frozen=True, slots=True)
class Known:
    """``path``: its transcript. ``days``: what it used, by day."""

    info: ConversationInfo
    path: Path
    config_dir: Path
    days: Mapping[str, DayUse]

    def is_below(self, cwd: str) -> bool:
        """Whether it was begun in this directory or below it; "" is any."""
        return not cwd or Path(self.info.cwd).is_relative_to(cwd)


def count_tokens(tokens: Tokens) -> TokenCounts:
    return TokenCounts(
        input=tokens.input, output=tokens.output, cache_read=tokens.cache_read, cache_write=tokens.cache_write
    )
