"""How tokens and shares are shown."""

import time
from collections.abc import Sequence

from ptyd_protocol.access import TokenInfo

from ptyd_cli.output import age_of, format_age, format_table, printable

HEADS = ("ID", "NAME", "KIND", "MAY", "SESSION", "AGE", "ENDS IN", "USES LEFT")


def format_tokens(tokens: Sequence[TokenInfo]) -> str:
    return format_table(HEADS, [_format_row(token) for token in tokens])


def _format_row(token: TokenInfo) -> tuple[str, ...]:
    return (
        token.id,
        printable(token.name),
        token.kind,
        ",".join(token.rights),
        token.session or "all",
        age_of(token.created_at),
        format_end(token),
        "any" if token.uses_left is None else str(token.uses_left),
    )


def format_end(token: TokenInfo) -> str:
    return "never" if token.expires_at is None else format_age(token.expires_at - time.time() + 0.5)
