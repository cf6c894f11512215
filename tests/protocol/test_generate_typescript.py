"""The generated TypeScript is committed and has not drifted from the declarations."""

from pathlib import Path

import generate_typescript
import pytest
from ptyd_protocol.methods import METHODS

from tests.protocol.strategies import ALL_MESSAGES, get_code


def test_committed_file_is_what_the_generator_writes(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate_typescript.main(["--check"]) == 0, capsys.readouterr().err


def test_check_notices_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "web" / "messages.gen.ts"
    monkeypatch.setattr(generate_typescript, "OUTPUT_PATH", path)
    assert generate_typescript.main(["--check"]) == 1
    assert not path.exists()
    assert generate_typescript.main([]) == 0
    assert generate_typescript.main(["--check"]) == 0
    path.write_text(path.read_text().replace("rows", "lines", 1))
    assert generate_typescript.main(["--check"]) == 1


def test_every_message_and_method_is_written() -> None:
    text = generate_typescript.generate()
    for cls in ALL_MESSAGES:
        assert f"export interface {cls.__name__} {{" in text
        assert f"  {cls.__name__}: {{\n    code: {get_code(cls)},\n" in text
    for method in METHODS:
        assert f"\n  {method}: {{ params: {{ kind:" in text
