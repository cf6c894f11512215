"""Fuzzing, for as long as one likes: ``python -m tools.fuzz [--seconds N] [--seed N] [TARGET...]``.

Targets take turns. What is found is printed, and kept as tests/fuzz/corpus/TARGET/found-*, which the tests replay.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fuzz.campaign import Campaign, case_name
from tests.fuzz.targets import CORPUS, all_targets, iterate_corpus

TURN_SECONDS = 3.0


def main() -> int:
    """Exit status 1: something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="all, if none is named")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--tally", type=Path, help="a JSON file in which cases are added up over runs")
    options = parser.parse_args()
    names = options.targets or list(all_targets())
    return run_turns(names, options.seconds, options.seed, options.tally)


def run_turns(names: list[str], seconds: float, seed: int, tally: Path | None) -> int:
    campaigns = {
        name: Campaign(all_targets()[name], seed, [case for _, case in iterate_corpus(name)]) for name in names
    }
    deadline = time.monotonic() + seconds
    told: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    while time.monotonic() < deadline:
        for name, campaign in campaigns.items():
            campaign.run(sys.maxsize, min(TURN_SECONDS, deadline - time.monotonic()))
            for fault in list(campaign.findings)[told[name] :]:
                told[name] += 1
                keep(name, fault, campaign.findings[fault])
            add_to_tally(tally, name, campaign.cases - counted[name])
            counted[name] = campaign.cases
    for name, campaign in campaigns.items():
        print(f"{name:16} {campaign.cases:10,} cases {len(campaign.outcomes):6} outcomes {told[name]} findings")
    print(f"{'all':16} {sum(counted.values()):10,} cases, seed {seed}")
    return 1 if told.total() else 0


def keep(name: str, fault: str, case: bytes) -> None:
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"found-{case_name(case)}"
    path.write_bytes(case)
    print(f"{name}: {fault}\n    {path}", flush=True)


def add_to_tally(tally: Path | None, name: str, cases: int) -> None:
    if tally is None:
        return
    counts = json.loads(tally.read_text()) if tally.exists() else {}
    counts[name] = counts.get(name, 0) + cases
    tally.write_text(json.dumps(counts))


if __name__ == "__main__":
    sys.exit(main())
