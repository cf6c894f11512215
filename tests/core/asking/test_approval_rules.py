"""Rules that answer by themselves."""

import pytest

from ptyd.core.asking.approval_rules import ApprovalRule, find_rule

GIT = ApprovalRule(tool="Bash", pattern="git status*", answer="allow")


def test_the_first_that_fits_counts() -> None:
    rules = [ApprovalRule(tool="Bash", pattern="*--force*", answer="deny"), ApprovalRule(tool="Bash", answer="allow")]
    assert find_rule(rules, "Bash", "git push --force", "/") == (1, rules[0])
    assert find_rule(rules, "Bash", "git push", "/") == (2, rules[1])
    assert find_rule(rules, "Write", "/etc/passwd", "/") is None


@pytest.mark.parametrize(
    "command",
    [
        *(
            "git status; rm -r ~",
            "git status && rm x",
            "git status | sh",
            "git status > ~/.bashrc",
            "git status `rm x`",
        ),
        *("git status $(rm x)", "git status\nrm x", "git status & rm x", "git status < /etc/shadow"),
    ],
)
def test_a_star_lets_no_second_command_through(command: str) -> None:
    assert find_rule([GIT], "Bash", command, "/") is None
    denial = ApprovalRule(tool="Bash", pattern="git status*", answer="deny")
    assert find_rule([denial], "Bash", command, "/") is not None
    exact = ApprovalRule(tool="Bash", pattern="x", answer="allow")
    assert find_rule([ApprovalRule(tool="Bash", pattern=command, answer="allow")], "Bash", command, "/") is not None
    assert find_rule([exact], "Bash", command, "/") is None


def test_projects() -> None:
    rule = ApprovalRule(tool="Read", project="/home/ada/shop", answer="allow")
    for cwd, fits in (
        ("/home/ada/shop", True),
        ("/home/ada/shop/src", True),
        ("/home/ada/shopping", False),
        ("", False),
    ):
        assert rule.fits("Read", "x", cwd) is fits


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (GIT, ""),
        (ApprovalRule(answer="deny"), ""),
        (ApprovalRule(answer="allow"), "allows everything"),
        (ApprovalRule(answer="allow", tool="Bash", project="shop"), "absolute path"),
        (ApprovalRule(answer="allow", tool="Bash", message="why"), "denies"),
    ],
)
def test_faults(rule: ApprovalRule, fault: str) -> None:
    assert fault in rule.find_fault()
    assert bool(fault) == bool(rule.find_fault())
