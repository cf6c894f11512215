"""What conversations cost, added up by day, directory, conversation or session. No I/O."""

from collections.abc import Iterable, Iterator, Mapping

from ptyd_protocol.conversations import CostGroup, CostParams, CostResult, CostRow

from ptyd.conversations.known import Known, count_tokens
from ptyd.conversations.prices import Tokens
from ptyd.conversations.summary import DayUse

NO_SESSION = "(no session)"


class _Sum:
    def __init__(self, label: str = "") -> None:
        self.label = label
        self._tokens = Tokens()
        self._cost = 0.0
        self._estimated = 0.0
        self._answers = 0
        self._conversations: set[str] = set()

    def add(self, conversation: str, use: DayUse) -> None:
        self._tokens.add(use.tokens)
        self._cost += use.cost
        self._estimated += use.estimated
        self._answers += use.answers
        self._conversations.add(conversation)

    def row(self, key: str) -> CostRow:
        return CostRow(
            key=key,
            label=self.label,
            cost_usd=self._cost,
            estimated_usd=self._estimated,
            tokens=count_tokens(self._tokens),
            answers=self._answers,
            conversations=len(self._conversations),
        )


def add_up(found: Iterable[Known], params: CostParams, sessions: Mapping[str, tuple[str, str]]) -> CostResult:
    """``sessions``: by conversation the id and name of the session that has, or had, it."""
    sums: dict[str, _Sum] = {}
    total = _Sum()
    for known in found:
        for day, use in known.days.items():
            if params.since and day < params.since:
                continue
            key, label = _key_of(known, day, params.by, sessions)
            sums.setdefault(key, _Sum(label)).add(known.info.id, use)
            total.add(known.info.id, use)
    rows = sorted(_rows(sums), key=lambda row: row.key if params.by == "day" else -row.cost_usd)
    shown = rows[-params.limit :] if params.by == "day" else rows[: params.limit]
    return CostResult(rows=shown, total=total.row("total"))


def _rows(sums: Mapping[str, _Sum]) -> Iterator[CostRow]:
    return (one.row(key) for key, one in sums.items())


def _key_of(known: Known, day: str, by: CostGroup, sessions: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    if by == "day":
        return day, ""
    if by == "directory":
        return known.info.cwd, ""
    if by == "conversation":
        return known.info.id, known.info.title
    return sessions.get(known.info.id, ("", NO_SESSION))
