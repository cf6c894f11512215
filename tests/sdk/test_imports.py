"""What an import costs: quick programs must not pay for what they do not use."""

import subprocess
import sys

import ptyd_sdk
import pytest


def imported_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("statement", ["import ptyd_sdk", "import ptyd_sdk.oneshot, ptyd_sdk.starter"])
def test_quick_ways_import_no_event_loop(statement: str) -> None:
    needless = {"asyncio", "websockets", "click", "tempfile", "logging", "ssl", "http.client"}
    assert needless.isdisjoint(imported_by(statement))


def test_every_public_name_is_there() -> None:
    for name in ptyd_sdk.__all__:
        assert getattr(ptyd_sdk, name).__name__ if name != "AttachmentEvent" else ptyd_sdk.AttachmentEvent
    assert dir(ptyd_sdk) == ptyd_sdk.__all__
    with pytest.raises(AttributeError):
        ptyd_sdk.nonsense  # noqa: B018
