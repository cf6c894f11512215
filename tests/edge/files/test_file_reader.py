"""What lies below a directory is read, and nothing else, whatever stands in the way."""

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.edge.files import file_reader
from ptyd.edge.files.file_reader import FilePiece, find_relative, read_piece

LIMIT = 1000


@pytest.fixture
def base(tmp_path: Path) -> Path:
    inside, outside = tmp_path / "in", tmp_path / "out"
    (inside / "sub").mkdir(parents=True)
    outside.mkdir()
    (inside / "sub" / "file").write_bytes(b"0123456789")
    (outside / "secret").write_bytes(b"secret")
    return inside


def read(base: Path, path: str, offset: int = 0, max_bytes: int = 100, version: str = "") -> FilePiece:
    return read_piece(*find_relative(path, [base]), offset, max_bytes, version, LIMIT)


def refusal(base: Path, path: str, **more: str) -> ErrorCode:
    with pytest.raises(Refusal) as caught:
        read(base, path, **more)  # type: ignore[arg-type]
    assert "secret\x00" not in caught.value.message
    return caught.value.code


def test_pieces_of_a_file(base: Path) -> None:
    whole = read(base, "sub/file")
    assert (whole.data, whole.size) == (b"0123456789", 10)
    assert read(base, str(base / "sub" / "file"), 4, 3, whole.version).data == b"456"
    assert read(base, "sub/file", 10).data == b""
    assert read(base, "./sub//file").data == whole.data


def test_a_file_that_was_replaced_is_another(base: Path) -> None:
    version = read(base, "sub/file").version
    (base / "new").write_bytes(b"new")
    (base / "new").rename(base / "sub" / "file")
    assert refusal(base, "sub/file", version=version) == ErrorCode.UNAVAILABLE


@pytest.mark.parametrize(
    "path", ["..", "../out/secret", "sub/../../out/secret", "/etc/passwd", "/", "sub/\0file", "//etc/passwd"]
)
def test_ways_out(base: Path, path: str) -> None:
    assert refusal(base, path) == ErrorCode.NOT_ALLOWED


def test_a_neighbour_with_a_longer_name_is_outside(base: Path) -> None:
    beside = base.with_name("in-other")
    beside.mkdir()
    (beside / "secret").write_bytes(b"secret")
    assert refusal(base, str(beside / "secret")) == ErrorCode.NOT_ALLOWED


@pytest.mark.parametrize("target", ["{out}/secret", "../out/secret", "sub/file", "/proc/self/environ", "loop"])
def test_links_are_not_followed(base: Path, target: str) -> None:
    link = base / "loop"
    link.symlink_to(target.format(out=base.with_name("out")))
    assert refusal(base, "loop") == ErrorCode.NOT_ALLOWED


def test_nor_on_the_way(base: Path) -> None:
    (base / "way").symlink_to(base.with_name("out"))
    (base / "in-way").symlink_to(base / "sub")
    assert refusal(base, "way/secret") == ErrorCode.NOT_ALLOWED
    assert refusal(base, "in-way/file") == ErrorCode.NOT_ALLOWED
    assert refusal(base, "sub/file/x") == ErrorCode.NOT_ALLOWED


def test_a_directory_that_becomes_a_link_meanwhile(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The moment between a look and the use of it, which a check by name would lose."""
    (base / "sub" / "secret").write_bytes(b"harmless")
    real: Callable[..., int] = os.open

    def exchange(path: str | Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        opened = real(path, flags, mode, dir_fd=dir_fd)
        if path == "sub":
            (base / "sub").rename(base / "was")
            (base / "sub").symlink_to(base.with_name("out"))
        return opened

    monkeypatch.setattr(file_reader.os, "open", exchange)
    assert read(base, "sub/secret").data == b"harmless"
    assert (base / "sub" / "secret").read_bytes() == b"secret"


def test_only_regular_files(base: Path) -> None:
    os.mkfifo(base / "pipe")
    assert refusal(base, "pipe") == ErrorCode.NOT_ALLOWED  # and does not wait for a writer
    assert refusal(base, "sub") == ErrorCode.NOT_ALLOWED
    assert refusal(base, ".") == ErrorCode.NOT_ALLOWED
    with pytest.raises(Refusal, match="regular"):
        read(Path("/dev"), "zero")


def test_size_and_absence(base: Path) -> None:
    (base / "large").write_bytes(b"x" * (LIMIT + 1))
    assert refusal(base, "large") == ErrorCode.NO_RESOURCES
    assert refusal(base, "nothing") == ErrorCode.NO_SUCH_FILE
    assert refusal(base, "nothing/at/all") == ErrorCode.NO_SUCH_FILE
    assert refusal(base, "n" * 300) == ErrorCode.NO_RESOURCES


def test_nothing_stays_open(base: Path) -> None:
    (base / "link").symlink_to("sub")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("sub/file", "sub", "nothing", "link/file", "sub/file/x"):
        try:
            read(base, path)
        except Refusal:
            continue
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_where_a_path_lies(base: Path) -> None:
    other = base.with_name("out")
    assert find_relative("a/b", [base, other]) == (base, PurePosixPath("a/b"))
    assert find_relative(str(other / "x"), [base, other]) == (other, PurePosixPath("x"))
