"""One request for a permission: who was first, and whether an answer took effect."""

import pytest
from ptyd_protocol.approvals import Approval, ApprovalDecision
from ptyd_protocol.errors import Refusal

from ptyd.core.asking.approval_item import ApprovalItem
from ptyd.core.asking.cut_texts import MAX_TEXT_CHARS, cut_texts
from ptyd.core.asking.edit_diff import make_diff


def make_item() -> ApprovalItem:
    return ApprovalItem(Approval(id="a", session="s", name="build", kind="permission", tool="Bash", asked_at=1.0))


def outcome(item: ApprovalItem) -> tuple[str, str | None, str | None]:
    one = item.approval
    return one.state, one.decision, one.answered_how


def test_one_answer_only() -> None:
    item = make_item()
    item.take_answer("allow", "ada", "client", 2.0)
    with pytest.raises(Refusal, match="allowed by ada already"):
        item.take_answer("deny", "bob", "client", 3.0)
    assert outcome(item) == ("answering", "allow", "client")


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_the_tool_ran(decision: ApprovalDecision) -> None:
    item = make_item()
    item.take_answer(decision, "ada", "client", 2.0)
    assert item.note_ran(3.0)
    if decision == "allow":
        assert outcome(item) == ("answered", "allow", "client")
    else:
        assert outcome(item) == ("answered", "allow", "terminal")
        assert "came too late" in item.approval.problem


def test_a_denial_takes_effect_when_the_result_holds_its_words() -> None:
    item = make_item()
    item.take_answer("deny", "ada", "client", 2.0)
    item.note_dialog()
    assert not item.note_left(went_on=True, now=2.1)
    assert outcome(item)[0] == "answering"
    assert item.note_refused(is_ours=True, now=2.2)
    assert outcome(item) == ("answered", "deny", "client")


def test_the_terminal_denies_faster_than_we_allow() -> None:
    item = make_item()
    item.take_answer("allow", "ada", "client", 2.0)
    assert item.note_rest(3.0)
    assert outcome(item) == ("answered", "deny", "terminal")


def test_an_allowance_takes_effect_when_the_program_goes_on() -> None:
    item = make_item()
    item.note_dialog()
    item.take_answer("allow", "ada", "client", 2.0)
    assert item.note_left(went_on=True, now=2.1)
    assert outcome(item) == ("answered", "allow", "client")


def test_what_was_decided_in_the_terminal_is_learnt_later() -> None:
    for seen, decision in (("ran", "allow"), ("rest", "deny")):
        item = make_item()
        assert not item.note_left(went_on=True, now=1.1)  # the word of before it was asked
        item.note_dialog()
        assert item.note_left(went_on=True, now=2.0)
        assert outcome(item) == ("answered", None, "terminal")
        assert item.note_ran(2.5) if seen == "ran" else item.note_rest(2.5)
        assert outcome(item) == ("answered", decision, "terminal")
        assert not item.note_rest(2.6)


def test_unseen_and_expired() -> None:
    item = make_item()
    assert not item.note_unseen()
    item.take_answer("allow", "ada", "client", 2.0)
    assert item.note_unseen()
    assert not item.note_unseen()
    assert item.expire("it has ended")
    assert outcome(item) == ("expired", None, None)
    assert not item.expire("again")
    with pytest.raises(Refusal, match="it has ended"):
        item.take_answer("allow", "ada", "client", 2.0)


def test_long_and_large_values_are_cut() -> None:
    values = {"a": "x" * (MAX_TEXT_CHARS + 1), "b": [1, {"c": 2**60}], "d": "y"}
    cut, is_cut = cut_texts(values)
    assert is_cut
    assert cut == {"a": "x" * MAX_TEXT_CHARS + "…", "b": [1, {"c": str(2**60)}], "d": "y"}
    assert cut_texts({"a": ["b"]}) == ({"a": ["b"]}, False)
    many, is_cut = cut_texts({"a": ["x" * 1000] * 1000})
    assert is_cut
    assert len(str(many)) < 400_000


def test_diffs() -> None:
    assert make_diff("f", "a\nb\n", "a\nc\n") == "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n+c"
    assert make_diff("f", "", "new\n") == "--- f\n+++ f\n@@ -0,0 +1 @@\n+new"
    assert make_diff("f", "same\n", "same\n") == ""
    assert make_diff("f", "a\n" * 3000, "b\n" * 3000).count("\n+b") == 3000
