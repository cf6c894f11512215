"""A short walk with each fuzz target, and every case that was a finding once. ``make fuzz`` walks on."""

import pytest

from tests.fuzz.campaign import Campaign
from tests.fuzz.targets import all_targets, iterate_corpus
from tests.support.soak import choose_scale

CASES = choose_scale(1500, 200_000)
SEED = 11


@pytest.mark.parametrize("name", all_targets())
def test_corpus(name: str) -> None:
    campaign = Campaign(all_targets()[name], SEED)
    campaign.replay(case for _, case in iterate_corpus(name))
    assert not campaign.findings


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", all_targets())
def test_mutations(name: str) -> None:
    campaign = Campaign(all_targets()[name], SEED)
    campaign.run(CASES)
    assert not campaign.findings
    # The mutations are neither so tame that nothing goes wrong nor so wild that nothing goes right.
    assert len(campaign.outcomes) > 1


def test_findings_are_found() -> None:
    target = all_targets()["message"]

    def fail(case: bytes) -> str:
        raise ZeroDivisionError

    campaign = Campaign(type(target)("broken", fail, target.seeds, target.mutate), SEED)
    campaign.run(100)
    assert list(campaign.findings) == [f"ZeroDivisionError at test_targets.py:{fail.__code__.co_firstlineno + 1}"]
