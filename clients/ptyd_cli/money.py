"""How costs and tokens are printed."""

from ptyd_protocol.conversations import TokenCounts

ESTIMATED = "~"
"""Before a cost that is, at least in part, computed from tokens."""

NEGLIGIBLE_USD = 0.00005


def format_cost(cost_usd: float, estimated_usd: float) -> str:
    """``$1.23``, ``~$0.0042`` where some of it is estimated, ``-`` for nothing."""
    if cost_usd < NEGLIGIBLE_USD:
        return "-"
    amount = f"{cost_usd:.2f}" if cost_usd >= 1 else f"{cost_usd:.4f}"
    return f"{ESTIMATED if estimated_usd >= NEGLIGIBLE_USD else ''}${amount}"


def format_tokens(tokens: TokenCounts) -> str:
    """All of them: ``950``, ``12k``, ``3.4M``."""
    return format_count(tokens.input + tokens.output + tokens.cache_read + tokens.cache_write)


def format_count(count: int) -> str:
    if count < 10_000:
        return str(count)
    return f"{count / 1000:.0f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"


def explain_estimate(estimated_usd: float) -> str:
    """A line for below a table; empty where nothing is estimated."""
    if estimated_usd < NEGLIGIBLE_USD:
        return ""
    return (
        f"{ESTIMATED} {format_cost(estimated_usd, 0)} of it is estimated from tokens:"
        " Claude Code writes down what a conversation cost when it ends"
    )
