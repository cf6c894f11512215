"""What the lines of one transcript come to: title, counts, tokens, and what it cost on which day. No I/O.

Every answer of the API counts once, however many lines it was written in, and however many transcripts have it (a fork
begins with a copy). Claude Code writes what a conversation has cost so far when it ends (``cost-state``). That is
spread over the days of the answers since the one before, by what they would cost by the table of prices. Answers after
the last such line are estimated by that table, and so are those of a run that was killed before it could write one.
"""

from array import array
from collections import OrderedDict
from datetime import datetime

from msgspec import Struct

from ptyd.conversations.prices import PriceTable, Tokens
from ptyd.conversations.transcript import Line, ModelUsage, Usage, is_prompt, plain_text, read_blocks, title_of
from ptyd.core.conversation import folder_of

RECENT_ANSWERS = 32
"""The lines of one answer stand close together."""

MAX_CLAIMS = 500_000
"""Answers whose keys are remembered, some 60 bytes each."""

SYNTHETIC = "<synthetic>"
"""The model of messages that the program wrote itself."""

COVERED = 0.98
"""Estimates of the same tokens from two places may differ by rounding."""


class Claims:
    """Which answers some conversation has already counted."""

    def __init__(self) -> None:
        self._keys: set[int] = set()

    def claim(self, key: int) -> bool:
        """Whether it is new. Beyond the bound everything is."""
        if key in self._keys:
            return False
        if len(self._keys) < MAX_CLAIMS:
            self._keys.add(key)
        return True

    def release(self, keys: "array[int]") -> None:
        """They are going to be counted anew."""
        self._keys.difference_update(keys)


class DayUse(Struct, kw_only=True):
    """Of one conversation on one day. Costs in US dollars; ``estimated`` is the part of them that the CLI has not
    told."""

    tokens: Tokens
    cost: float = 0.0
    estimated: float = 0.0
    answers: int = 0


class _Answer(Struct):
    tokens: Tokens
    day: str
    is_own: bool


class Summary:
    """``folder``: the name of the folder that the transcript is in, which is made from the directory."""

    def __init__(self, prices: PriceTable, claims: Claims, folder: str = "") -> None:
        self.cwd = ""
        self.model = ""
        self.prompts = 0
        self.answers = 0
        self.began_at = 0.0
        self.last_used_at = 0.0
        self.inherited_cost = 0.0
        """What the CLI counts for what this one was forked from."""
        self.keys: array[int] = array("q")
        self._prices = prices
        self._claims = claims
        self._folder = folder
        self._days: dict[str, DayUse] = {}
        self._titles: dict[str, str] = {}
        self._recent: OrderedDict[str, _Answer] = OrderedDict()
        self._open: dict[str, float] = {}
        """Estimated cost of answers since the last ``cost-state``, by day."""
        self._open_of_agents: list[tuple[float, str, float]] = []
        """The same of subagents, whose lines are in files of their own: (time, day, cost)."""
        self._open_inherited = 0.0
        self._told_cost = 0.0
        self._told_estimate = 0.0

    @property
    def title(self) -> str:
        """What the user calls it, else what the program does, else how it began."""
        names = ("custom-title", "ai-title", "summary", "prompt", "last-prompt")
        return next((self._titles[name] for name in names if self._titles.get(name)), "")

    @property
    def messages(self) -> int:
        return self.prompts + self.answers

    def days(self) -> dict[str, DayUse]:
        """By day (``2026-11-29``, of this machine's clock), with what is open estimated."""
        days = {
            day: DayUse(tokens=use.tokens, cost=use.cost, estimated=use.estimated, answers=use.answers)
            for day, use in self._days.items()
        }
        for day, cost in [*self._open.items(), *((day, cost) for _, day, cost in self._open_of_agents)]:
            days[day].cost += cost
            days[day].estimated += cost
        return days

    # --- lines ---

    def take(self, line: Line, *, is_agent: bool = False) -> None:
        """``is_agent``: of a subagent's transcript."""
        if line.cwd and not is_agent:
            self._note_directory(line.cwd)
        at = line.at
        if at and not is_agent:
            self.began_at = min(self.began_at or at, at)
            self.last_used_at = max(self.last_used_at, at)
        if line.type == "assistant":
            self._take_answer(line, at, is_agent=is_agent)
        elif is_agent:
            return
        elif line.type == "user":
            self._take_prompt(line)
        elif line.type == "cost-state":
            self._take_cost(line)
        else:
            title = line.custom_title or line.ai_title or line.summary or line.last_prompt
            if title:
                self._titles[line.type] = title_of(title)

    def _note_directory(self, cwd: str) -> None:
        """The one that it was begun in: a tool may have gone elsewhere since."""
        if not self.cwd or (folder_of(self.cwd) != self._folder and folder_of(cwd) == self._folder):
            self.cwd = cwd

    def _take_prompt(self, line: Line) -> None:
        if line.message is None or line.is_sidechain:
            return
        blocks = read_blocks(line.message)
        if is_prompt(line, blocks):
            self.prompts += 1
            if "prompt" not in self._titles:
                self._titles["prompt"] = title_of(plain_text(blocks))

    def _take_answer(self, line: Line, at: float, *, is_agent: bool) -> None:
        message = line.message
        if message is None or message.model == SYNTHETIC:
            return
        tokens = _tokens_of(message.usage)
        key = line.answer_key
        before = self._recent.get(key) if key else None
        if before is not None:
            self._take_more(before, tokens, message.model)
            return
        day = day_of(at or self.last_used_at)
        is_own = not line.is_inherited and self._claim(key)
        if key:
            self._recent[key] = _Answer(tokens, day, is_own)
            if len(self._recent) > RECENT_ANSWERS:
                self._recent.popitem(last=False)
        if not is_agent and not line.is_sidechain:
            self.answers += 1
            self.model = message.model or self.model
        cost = self._prices.estimate(message.model, tokens)
        if not is_own:
            self._open_inherited += cost
            return
        use = self._use_of(day)
        use.answers += 1
        use.tokens.add(tokens)
        if line.cost_usd is not None:
            use.cost += line.cost_usd
        elif is_agent:
            self._open_of_agents.append((at, day, cost))
        else:
            self._open[day] = self._open.get(day, 0.0) + cost

    def _take_more(self, before: _Answer, tokens: Tokens, model: str) -> None:
        """Another line of an answer: what it counts more than those before it, which were written while it came."""
        more = Tokens(
            input=max(0, tokens.input - before.tokens.input),
            output=max(0, tokens.output - before.tokens.output),
            cache_read=max(0, tokens.cache_read - before.tokens.cache_read),
            cache_write=max(0, tokens.cache_write - before.tokens.cache_write),
            cache_write_1h=max(0, tokens.cache_write_1h - before.tokens.cache_write_1h),
        )
        if more == Tokens():
            return
        before.tokens.add(more)
        cost = self._prices.estimate(model, more)
        if before.is_own:
            self._use_of(before.day).tokens.add(more)
            self._open[before.day] = self._open.get(before.day, 0.0) + cost
        else:
            self._open_inherited += cost

    def _claim(self, key: str) -> bool:
        if not key:
            return True
        number = hash(key)
        if not self._claims.claim(number):
            return False
        self.keys.append(number)
        return True

    def _use_of(self, day: str) -> DayUse:
        return self._days.setdefault(day, DayUse(tokens=Tokens()))

    # --- what the CLI says that it cost ---

    def _take_cost(self, line: Line) -> None:
        if line.total_cost_usd is None:
            return
        estimate = sum(self._prices.estimate(model, _tokens_of_model(use)) for model, use in line.model_usage.items())
        if line.total_cost_usd < self._told_cost:  # it began to count anew
            self._told_cost = self._told_estimate = 0.0
        self._settle(line.total_cost_usd - self._told_cost, max(0.0, estimate - self._told_estimate))
        self._told_cost, self._told_estimate = line.total_cost_usd, estimate

    def _settle(self, cost: float, estimate: float) -> None:
        """The open answers cost so much. ``estimate``: of the tokens that the CLI has counted for it."""
        own, inherited = self._open, self._open_inherited
        of_agents = [one for one in self._open_of_agents if one[0] <= self.last_used_at]
        self._open_of_agents = self._open_of_agents[len(of_agents) :]
        self._open, self._open_inherited = {}, 0.0
        own_sum = sum(own.values())
        if estimate < (own_sum + inherited) * COVERED:
            inherited = 0.0  # a fork of one that had not written down yet what it cost
        covered = estimate / (own_sum + inherited) if estimate and own_sum + inherited else 1.0
        for day, open_cost in own.items():
            self._add_estimated(day, open_cost * (1 - covered) if covered < COVERED else 0.0)
        for _, day, open_cost in of_agents:
            own[day] = own.get(day, 0.0) + open_cost
        whole = sum(own.values()) + inherited
        if not whole:  # something that stands in no transcript: a title that was made, for one
            if cost:
                self._use_of(day_of(self.last_used_at)).cost += cost
            return
        self.inherited_cost += cost * inherited / whole
        for day, open_cost in own.items():
            self._use_of(day).cost += cost * open_cost / whole

    def _add_estimated(self, day: str, cost: float) -> None:
        use = self._use_of(day)
        use.cost += cost
        use.estimated += cost


def day_of(at: float) -> str:
    return datetime.fromtimestamp(at).date().isoformat()


def _tokens_of(usage: Usage | None) -> Tokens:
    if usage is None:
        return Tokens()
    return Tokens(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=usage.cache_read_input_tokens,
        cache_write=usage.cache_creation_input_tokens,
        cache_write_1h=0 if usage.cache_creation is None else usage.cache_creation.ephemeral_1h_input_tokens,
    )


def _tokens_of_model(usage: ModelUsage) -> Tokens:
    return Tokens(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=usage.cache_read_input_tokens,
        cache_write=usage.cache_creation_input_tokens,
        cache_write_1h=usage.cache_creation_ephemeral_1h_input_tokens,
    )
