"""xterm.js, which is another terminal, shows the same after a snapshot as after the stream itself."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ptyd.engine.terminal import GhosttyEngineMaker
from tests.engine.judge.corpus import corpus
from tests.support.waiting import stretch_deadline

HERE = Path(__file__).parent
WEB_CLIENT = HERE.parents[2] / "clients/web"
CORPUS = corpus()
AFTER = b"\x18\x1b[3bZ\r\n\x1b[0mY\t|\x1b8S\x1b[?1049lM\r\nN\x1b[3;1HT\tU"
"""Shows what is hidden: what REP repeats, pen, tab stops, saved cursor, the screen under the alternate one."""
# Where libghostty and xterm.js themselves differ, so that no snapshot could please both.
_EL_AT_MARGIN = "EL while the wrap is pending erases the last column in libghostty, and nothing in xterm.js"
DIFFERENT_TERMINALS: dict[str, str] = {"top": _EL_AT_MARGIN, "top+": _EL_AT_MARGIN}
MODES_NOT_IN_SNAPSHOTS = ("synchronizedOutputMode",)


@pytest.fixture(scope="module")
def verdicts() -> Iterator[dict[str, Any]]:
    """For each name of the corpus, and with AFTER (name+): what xterm.js shows of the stream and of the snapshot."""
    node = shutil.which("node")
    assert node and (WEB_CLIENT / "node_modules/@xterm/headless").is_dir(), "the web client's packages are missing"
    jobs = {}
    for name, (stream, (cols, rows)) in CORPUS.items():
        engine = GhosttyEngineMaker().create(cols, rows, 1000)
        engine.feed(stream)
        for kind, feed in (("stream", stream), ("snapshot", engine.snapshot(-1))):
            for suffix, feeds in (("", [feed]), ("+", [feed, AFTER])):
                jobs[f"{name}{suffix} {kind}"] = {
                    "cols": cols,
                    "rows": rows,
                    "feeds": [base64.b64encode(data).decode() for data in feeds],
                }
    result = subprocess.run(
        [node, str(HERE / "judge.mjs"), str(WEB_CLIENT)],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        timeout=stretch_deadline(100),
    )
    assert result.returncode == 0, result.stderr
    yield json.loads(result.stdout)


@pytest.mark.parametrize("suffix", ["", "+"], ids=["then", "later"])
@pytest.mark.parametrize("name", CORPUS)
def test_another_terminal_shows_the_same(name: str, suffix: str, verdicts: dict[str, Any], request: Any) -> None:
    if name + suffix in DIFFERENT_TERMINALS:
        request.applymarker(pytest.mark.xfail(strict=True, reason=DIFFERENT_TERMINALS[name + suffix]))
    want, got = verdicts[f"{name}{suffix} stream"], verdicts[f"{name}{suffix} snapshot"]
    for mode in MODES_NOT_IN_SNAPSHOTS:
        for screen in (want, got):
            screen["modes"].pop(mode, None)
    if not suffix:
        assert got.pop("answers") == "", "the snapshot asked something"
        want.pop("answers")
    assert got == want
