"""What the installed Claude Code says that tokens cost: ``python -m tools.measure_prices MODEL ...``.

It is run against an API on loopback that says of each answer that it took 100,000 tokens of one kind. The output is for
ptyd/conversations/prices.toml.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.claude import HermeticClaude, make_hermetic_claude
from tests.support.fake_messages_api import FakeMessagesApi

TOKENS = 100_000
MILLION = 1_000_000
NOTHING: dict[str, Any] = {
    "input_tokens": 0,
    "output_tokens": 0,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
}
KINDS: dict[str, dict[str, Any]] = {
    "input": {"input_tokens": TOKENS},
    "output": {"output_tokens": TOKENS},
    "cache_read": {"cache_read_input_tokens": TOKENS},
    "cache_write": {
        "cache_creation_input_tokens": TOKENS,
        "cache_creation": {"ephemeral_5m_input_tokens": TOKENS, "ephemeral_1h_input_tokens": 0},
    },
    "cache_write_1h": {
        "cache_creation_input_tokens": TOKENS,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": TOKENS},
    },
}


def main(models: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as place, FakeMessagesApi() as api:
        claude = make_hermetic_claude(Path(place), api.url)
        for model in models:
            print(f'["{model}"]')
            for kind, usage in KINDS.items():
                api.usage = NOTHING | usage
                print(f"{kind} = {measure_price(claude, model):g}")
            print()


def measure_price(claude: HermeticClaude, model: str) -> float:
    """US dollars for a million tokens, of the kind that the API says it was."""
    done = subprocess.run(
        [*claude.argv, "-p", "--model", model, "--output-format", "json", "hello"],
        env=claude.env,
        cwd=claude.cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    return round(float(json.loads(done.stdout)["total_cost_usd"]) * MILLION / TOKENS, 6)


if __name__ == "__main__":
    main(sys.argv[1:])
