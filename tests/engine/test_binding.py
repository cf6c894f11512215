"""Where the library comes from, and that its declarations are those of the pyghostty that is installed."""

from pathlib import Path

import pytest

from ptyd.engine import binding
from tools import declare_engine


def test_committed_declarations_are_what_the_generator_writes(capsys: pytest.CaptureFixture[str]) -> None:
    assert declare_engine.main(["--check"]) == 0, capsys.readouterr().err


def test_check_notices_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "declarations_gen.py"
    monkeypatch.setattr(declare_engine, "OUTPUT_PATH", path)
    assert declare_engine.main(["--check"]) == 1
    assert declare_engine.main([]) == 0
    assert declare_engine.main(["--check"]) == 0
    path.write_text(path.read_text() + "\n")
    assert declare_engine.main(["--check"]) == 1


def test_the_library_is_found_and_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert binding.find_library().is_file()
    monkeypatch.setenv("PYGHOSTTY_LIB", str(tmp_path / "other.so"))
    assert binding.find_library() == tmp_path / "other.so"


def test_another_version_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "version", lambda name: "0.2.0")
    with pytest.raises(ImportError, match=r"is needed, and 0\.2\.0 is there"):
        binding.find_library()


def test_none_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="not installed"):
        binding.find_library()


def test_sizes_are_said_at_every_depth() -> None:
    options = binding.make_sized("GhosttyFormatterTerminalOptions")
    assert options.size == binding.ffi.sizeof("GhosttyFormatterTerminalOptions")
    assert options.extra.size == binding.ffi.sizeof(binding.ffi.typeof(options.extra))
