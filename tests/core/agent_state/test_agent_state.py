"""What a program does, concluded from what is seen: which evidence counts, and that nothing upsets the machine."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.agent_state import AgentState, Facts, Observation, ToolUse
from ptyd.core.agent_state.machine import MAX_EVIDENCE, REPORT_SECONDS, STARTING_SECONDS
from ptyd.core.agent_state.verdict import HOOK_PATIENCE_SECONDS, REGISTRY_PATIENCE_SECONDS

T0 = 1_700_000_000.0


def seen(source: Any, after: float, state: Any = None, text: str = "", **more: Any) -> Observation:
    """Seen ``after`` seconds after the start."""
    return Observation(source=source, at=T0 + after, text=text or f"{source} {state}", state=state, **more)


class Story:
    """Tells a machine what is seen, each at its time."""

    def __init__(self, *told: Observation, is_known: bool = True, reports: bool = True) -> None:
        self.machine = AgentState(T0, is_known=is_known, reports=reports)
        self.tell(*told)

    def tell(self, *told: Observation) -> "Story":
        for one in told:
            self.machine.note(one, one.at)
        return self

    @property
    def state(self) -> str:
        return self.machine.activity.state

    def later(self, after: float) -> str:
        self.machine.pass_time(T0 + after)
        return self.state


RESTING = {"or_state": "waiting"}


def test_a_program_of_which_nothing_is_known_is_active_and_quiet() -> None:
    story = Story(is_known=False, reports=False)
    assert story.state == "active"
    story.tell(seen("output", 8, "quiet"))
    assert (story.state, story.machine.activity.since) == ("quiet", T0 + 8)


def test_it_is_starting_until_it_reports() -> None:
    story = Story(seen("output", 0.1, "active"), seen("title", 0.3, "idle", **RESTING))
    assert story.state == "starting"  # keys would be lost yet
    story.tell(seen("registry", 0.5, "idle"))
    assert (story.state, story.machine.activity.since) == ("idle", T0 + 0.5)


def test_one_that_does_not_report_is_believed_by_its_title_after_a_while() -> None:
    story = Story(seen("title", 0.3, "idle", **RESTING))
    assert story.machine.recheck_at == T0 + 0.3 + REPORT_SECONDS
    assert story.later(0.2 + REPORT_SECONDS) == "starting"
    assert story.later(0.4 + REPORT_SECONDS) == "idle"


def test_one_of_which_only_output_is_seen_does_not_start_for_ever() -> None:
    story = Story(seen("output", 0.1, "active"))
    assert story.state == "starting"
    assert story.machine.recheck_at == T0 + STARTING_SECONDS
    assert story.later(STARTING_SECONDS + 1) == "active"


def test_a_dialog_before_the_start_is_waited_for_at_once() -> None:
    story = Story(seen("output", 0.1, "active"), seen("screen", 0.8, "waiting", waits_for="input", detail="trust"))
    assert (story.state, story.machine.activity.waits_for, story.machine.activity.detail) == (
        "waiting",
        "input",
        "trust",
    )
    assert story.tell(seen("registry", 2, "idle")).state == "idle"


def test_hooks_alone_do_not_know_of_an_interrupt_and_the_registry_does() -> None:
    story = Story(seen("registry", 1, "idle"), seen("hook", 2, "working"), seen("registry", 2.05, "working"))
    assert story.state == "working"
    assert story.tell(seen("registry", 5, "idle")).state == "idle"
    assert story.later(60) == "idle"


def test_a_stop_hook_is_not_believed_before_the_registry_for_others_may_go_on() -> None:
    story = Story(seen("registry", 1, "working"), seen("title", 1, "working"), seen("hook", 4, "idle"))
    assert story.later(60) == "working"


def test_a_registry_that_is_out_of_date_gives_way_to_hook_and_title_together() -> None:
    story = Story(seen("registry", 1, "idle"), seen("hook", 2, "working"), seen("title", 2.5, "working", or_state=None))
    assert story.later(2.4 + REGISTRY_PATIENCE_SECONDS) == "idle"
    assert story.machine.recheck_at == T0 + 2.5 + REGISTRY_PATIENCE_SECONDS
    assert story.later(2.6 + REGISTRY_PATIENCE_SECONDS) == "working"
    assert "out of date" in story.machine.explain().reason


def test_without_a_registry_the_title_tells_of_interrupts() -> None:
    story = Story(seen("hook", 1, "working"), seen("title", 1.2, "working"), seen("title", 5, "idle", **RESTING))
    assert story.later(4.9 + HOOK_PATIENCE_SECONDS) == "working"
    assert story.later(5.1 + HOOK_PATIENCE_SECONDS) == "idle"


def test_a_title_that_rests_does_not_contradict_a_request() -> None:
    story = Story(seen("hook", 1, "waiting", waits_for="permission"), seen("title", 1.2, "idle", **RESTING))
    assert story.later(60) == "waiting"


def test_of_what_is_written_the_newest_counts() -> None:
    story = Story(seen("title", 5, "working"), seen("mark", 6, "idle"), is_known=False, reports=False)
    assert story.state == "idle"
    assert story.tell(seen("title", 7, "working", text="another title")).state == "idle"  # it says so since 5
    assert story.tell(seen("mark", 8, "working")).state == "working"


def test_a_registry_file_that_is_gone_leaves_the_word_to_the_others() -> None:
    story = Story(seen("hook", 1, "working"), seen("registry", 2, "idle"), seen("registry", 3, is_withdrawal=True))
    assert story.state == "working"


def test_the_tool_in_use_and_the_one_that_waits() -> None:
    bash, read = ToolUse("1", "Bash", "make"), ToolUse("2", "Read", "notes.md")
    story = Story(
        seen("registry", 1, "working"),
        seen("hook", 1.1, "working", begins=bash),
        seen("hook", 1.2, "working", begins=read),
    )
    assert (story.machine.activity.tool, story.machine.activity.tool_detail) == ("Read", "notes.md")
    story.tell(seen("hook", 1.3, "working", ends=read))
    assert story.machine.activity.tool == "Bash"
    asked = ToolUse("", "Write", "x.py")
    story.tell(
        seen("hook", 1.4, "waiting", waits_for="permission", asks_about=asked),
        seen("registry", 1.5, "waiting", waits_for="permission"),
    )
    assert (story.state, story.machine.activity.tool) == ("waiting", "Write")
    story.tell(seen("registry", 2, "idle"))
    assert story.machine.activity.tool == ""


def test_a_tool_whose_end_is_told_before_its_beginning_is_not_in_use() -> None:
    story = Story(seen("registry", 1, "working"), seen("hook", 1.1, "working", ends=ToolUse("1", "Bash")))
    story.tell(seen("hook", 1.2, "working", begins=ToolUse("1", "Bash")))
    assert story.machine.activity.tool == ""


def test_a_tool_that_has_run_is_not_waited_for_though_the_registry_says_so() -> None:
    """For short turns it never says anything else in between."""
    asked, run = ToolUse("", "Bash", "make"), ToolUse("1", "Bash", "make")
    story = Story(
        seen("hook", 1, "waiting", waits_for="permission", asks_about=asked),
        seen("registry", 1.1, "waiting", waits_for="permission"),
        seen("hook", 2, "working", ends=ToolUse("2", "Read", "notes.md")),  # another one, meanwhile
    )
    assert story.state == "waiting"
    assert story.tell(seen("hook", 3, "working", ends=run)).state == "working"
    assert story.tell(seen("hook", 3.1, "idle")).state == "working"  # others may keep it from stopping
    assert story.tell(seen("registry", 1.1, "waiting", waits_for="permission")).state == "working"  # read again
    story.machine.note(seen("registry", 2.9, "idle"), T0 + 3.2)  # the hook was slower than the file
    assert story.state == "idle"


def test_a_registry_that_comes_late_is_not_newer_than_the_title() -> None:
    """On a machine that is busy it was seen five seconds behind."""
    story = Story(seen("hook", 1, "idle"), seen("title", 3, "working"))
    assert story.later(3.1 + HOOK_PATIENCE_SECONDS) == "working"
    story.machine.note(seen("registry", 0.5, "idle", seen_at=T0 + 5.5), T0 + 5.5)
    assert story.state == "working"
    story.machine.note(seen("registry", 3, "working", seen_at=T0 + 5.6), T0 + 5.6)
    assert story.state == "working"
    story.tell(seen("title", 6, "idle", **RESTING))
    assert story.state == "working"  # a title that rests does not tell idle from waiting
    story.machine.note(seen("registry", 5.9, "waiting", waits_for="permission", seen_at=T0 + 7), T0 + 7)
    assert story.state == "waiting"
    assert story.tell(seen("registry", 8, "idle")).state == "idle"


def test_a_failed_turn_is_told_until_the_next_one() -> None:
    story = Story(seen("registry", 1, "working"), seen("hook", 2, "idle", facts=Facts(failure="API Error: 400")))
    assert story.machine.activity.detail == ""
    story.tell(seen("registry", 2.1, "idle"))
    assert story.machine.activity.detail == "API Error: 400"
    story.tell(seen("hook", 3, "working", facts=Facts(failure="")), seen("registry", 3.1, "working"))
    story.tell(seen("registry", 4, "idle"))
    assert story.machine.activity.detail == ""


def test_facts_are_kept_until_others_come() -> None:
    story = Story(seen("hook", 1, "idle", facts=Facts(model="opus", conversation="a")))
    story.tell(seen("hook", 2, facts=Facts(conversation="b")))
    assert (story.machine.activity.model, story.machine.activity.conversation) == ("opus", "b")


def test_what_repeats_itself_is_counted() -> None:
    spins = [seen("title", 1 + number, "working", text="it spins") for number in range(50)]
    story = Story(seen("registry", 0.5, "working"), *spins, seen("registry", 60, "working"))
    evidence = story.machine.explain().evidence
    assert [(one.source, one.count) for one in evidence] == [("registry", 2), ("title", 50)]
    assert (evidence[1].at, evidence[1].last_at) == (T0 + 1, T0 + 50)


# --- whatever comes

STATES = st.sampled_from(["starting", "idle", "working", "waiting", "active", "quiet", "bell"])
SOURCES = st.sampled_from(["registry", "hook", "mark", "title", "progress", "notification", "screen", "output"])
TOOLS = st.builds(ToolUse, st.sampled_from("abc"), st.sampled_from(["Bash", "Read"]))
OBSERVATIONS = st.builds(
    Observation,
    source=SOURCES,
    at=st.floats(T0 - 5, T0 + 120),
    text=st.sampled_from(["this", "that"]),
    state=st.none() | STATES,
    or_state=st.none() | STATES,
    waits_for=st.none() | st.sampled_from(["permission", "question", "input"]),
    is_withdrawal=st.booleans(),
    begins=st.none() | TOOLS,
    asks_about=st.none() | TOOLS,
    ends=st.none() | TOOLS,
    ends_all=st.booleans(),
)
STORIES = st.lists(OBSERVATIONS, max_size=60)
KNOWN = st.booleans()


def play(story: list[Observation], is_known: bool) -> tuple[AgentState, float]:
    """A machine that was told all of it, and the time then. Observations may be older than the present, not newer."""
    machine, now = AgentState(T0, is_known=is_known, reports=is_known), T0
    for one in story:
        now = max(now, one.at)
        before = machine.activity
        assert machine.note(one, now) == (machine.activity != before)
    return machine, now


@given(STORIES, KNOWN)
def test_time_alone_settles_it(story: list[Observation], is_known: bool) -> None:
    """Whoever follows ``recheck_at`` comes to rest, and misses nothing that a later look would show."""
    machine, now = play(story, is_known)
    for _ in range(8):
        if machine.recheck_at is None or machine.recheck_at > now + 1000:
            break
        now = max(now, machine.recheck_at)
        machine.pass_time(now)
    settled = machine.activity
    assert not machine.pass_time(now + 10_000)
    assert machine.activity == settled


@given(STORIES, KNOWN)
def test_since_is_never_ahead_and_never_goes_back(story: list[Observation], is_known: bool) -> None:
    machine, now, since = AgentState(T0, is_known=is_known), T0, T0
    for one in story:
        now = max(now, one.at)
        machine.note(one, now)
        assert since <= machine.activity.since <= now
        since = machine.activity.since


@given(STORIES, KNOWN)
def test_the_last_word_of_the_registry_counts_where_nothing_came_after_it(
    story: list[Observation], is_known: bool
) -> None:
    machine, now = play(story, is_known)
    now += 1
    machine.note(Observation(source="registry", at=now, text="last", state="waiting", waits_for="question"), now)
    assert (machine.activity.state, machine.activity.waits_for) == ("waiting", "question")


@given(STORIES, STORIES, KNOWN)
def test_the_end_is_the_end(before: list[Observation], after: list[Observation], is_known: bool) -> None:
    machine, now = play(before, is_known)
    machine.note(Observation(source="exit", at=now, text="end", state="exited", detail="exit status 1"), now)
    for one in after:
        machine.note(one, max(now, one.at))
        assert (machine.activity.state, machine.activity.detail) == ("exited", "exit status 1")
        assert machine.activity.tool == ""


@given(STORIES, KNOWN)
def test_another_daemon_goes_on_where_this_one_was(story: list[Observation], is_known: bool) -> None:
    machine, now = play(story, is_known)
    other = AgentState(T0, is_known=is_known, reports=is_known)
    other.restore(machine.save(), now)
    assert other.activity == machine.activity
    assert other.explain() == machine.explain()
    last = Observation(source="hook", at=now + 1, text="last", state="working")
    assert other.note(last, now + 1) == machine.note(last, now + 1)
    assert other.activity == machine.activity


@given(st.binary(max_size=200))
def test_a_state_of_another_kind_is_no_state(saved: bytes) -> None:
    machine = AgentState(T0, is_known=True)
    machine.restore(saved, T0)
    assert machine.activity.state == "starting"


def test_evidence_is_bounded() -> None:
    story = Story(*(seen("hook", number, "working", text=f"number {number}") for number in range(MAX_EVIDENCE * 2)))
    evidence = story.machine.explain().evidence
    assert len(evidence) == MAX_EVIDENCE
    assert evidence[-1].text == f"number {MAX_EVIDENCE * 2 - 1}"
