"""docs/sdk.md names everything that is public."""

import re
from pathlib import Path

import ptyd_sdk
import pytest

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "sdk.md").read_text()

INTERNAL = {"deliver", "change_state", "lose"}
"""How the connection speaks to an Attachment."""


def public_names() -> list[str]:
    names = list(ptyd_sdk.__all__)
    for kind in (ptyd_sdk.Connection, ptyd_sdk.Session, ptyd_sdk.Attachment, ptyd_sdk.SessionEvents, ptyd_sdk.Run):
        names += [name for name in vars(kind) if not name.startswith("_") and name not in INTERNAL]
    return sorted(set(names))


@pytest.mark.parametrize("name", public_names())
def test_is_documented(name: str) -> None:
    assert re.search(rf"\b{name}\b", TEXT)
