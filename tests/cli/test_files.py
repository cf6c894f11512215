"""``ptyd put`` and ``ptyd get``, with bash, vim and plain programs at the other end."""

import shlex
from pathlib import Path

from tests.cli.conftest import OpenOuter
from tests.support.daemon import PtydUnderTest


def start(ptyd: PtydUnderTest, name: str, *argv: str, cwd: Path | None = None) -> None:
    place = [] if cwd is None else ["-c", str(cwd)]
    ptyd.cli("new", "-d", "-n", name, *place, "--", *argv, check=True)


def test_a_path_arrives_in_bash(ptyd: PtydUnderTest, open_outer: OpenOuter, tmp_path: Path) -> None:
    source = tmp_path / "my (first) picture.png"
    source.write_bytes(b"picture")
    start(ptyd, "shell", "bash", "--norc")
    outer = open_outer("attach", "shell", cols=120)
    outer.wait_for_text("bash-")
    outer.type("wc -c ")
    put = ptyd.cli("put", "shell", str(source), check=True)
    stored = put.stdout.strip()
    assert Path(stored).name == "my-first-picture.png"
    outer.wait_for_text(Path(stored).name)
    outer.type("\r")
    outer.wait_for_text(f"\n7 {stored}")
    assert put.stderr == ""


def test_a_path_arrives_in_vim(ptyd: PtydUnderTest, open_outer: OpenOuter, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    start(ptyd, "editor", "vim", "-u", "NONE", "-N", str(tmp_path / "written"))
    outer = open_outer("attach", "editor", cols=120)
    outer.wait_for_text("~")
    outer.type("i")
    outer.wait_for_text("-- INSERT --")
    stored = ptyd.cli("put", "editor", str(tmp_path / "a.txt"), check=True).stdout.strip()
    outer.wait_for_text(stored)
    outer.type("\x1b:wq\r")
    assert outer.wait_for_result() == 0
    assert (tmp_path / "written").read_text() == f"{stored} \n"


def test_several_and_none_pasted(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    start(ptyd, "quiet", "cat")
    put = ptyd.cli("put", "quiet", "--no-paste", str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "a"))
    assert [Path(line).name for line in put.stdout.splitlines()] == ["a", "b", "a-2"]
    assert ptyd.cli("capture", "quiet").stdout.strip() == ""
    ptyd.cli("put", "quiet", str(tmp_path / "a"), str(tmp_path / "b"), check=True)
    shown = ptyd.cli("capture", "quiet", "--join").stdout
    assert [Path(word).name for word in shlex.split(shown)] == ["a-3", "b-2"]


def test_names_and_standard_input(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    start(ptyd, "named", "cat")
    put = ptyd.cli("put", "named", "--no-paste", "-", "--as", "../the log.txt", stdin="words")
    assert Path(put.stdout.strip()).name == "the-log.txt"
    assert Path(put.stdout.strip()).read_text() == "words"
    assert ptyd.cli("put", "named", "-").returncode == 2
    assert ptyd.cli("put", "named", "--as", "x", str(tmp_path), str(tmp_path)).returncode == 2


def test_what_is_wrong_is_said(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    start(ptyd, "wrong", "cat", cwd=tmp_path)
    for arguments, code, words in (
        (("put", "wrong", str(tmp_path / "nothing")), 2, "is not there"),
        (("put", "wrong", str(tmp_path)), 2, "is no file"),
        (("put", "nobody", __file__), 3, "no session"),
        (("get", "wrong", "nothing"), 1, "there is no file 'nothing'"),
        (("get", "wrong", "../x"), 5, "goes up"),
        (("get", "wrong", "/etc/passwd"), 5, "is outside"),
        (("get", "wrong", "/"), 4, "say -o FILE"),
    ):
        ran = ptyd.cli(*arguments)
        assert ran.returncode == code and words in ran.stderr, (arguments, ran)


def test_get(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    work, here = tmp_path / "work", tmp_path / "here"
    (work / "sub").mkdir(parents=True)
    here.mkdir()
    content = bytes(range(256)) * 5000
    (work / "sub" / "result.bin").write_bytes(content)
    start(ptyd, "fetched", "cat", cwd=work)
    target = here / "mine.bin"
    target.write_text("before")
    ptyd.cli("get", "fetched", "sub/result.bin", "-o", str(target), check=True)
    assert target.read_bytes() == content
    assert [path.name for path in here.iterdir()] == ["mine.bin"]
    assert ptyd.cli("get", "fetched", "sub/result.bin", "-o", str(tmp_path / "no" / "where")).returncode == 1
    (work / "text").write_text("words")
    assert ptyd.cli("get", "fetched", "text", "-o", "-").stdout == "words"
    stored = ptyd.cli("put", "fetched", "--no-paste", str(target)).stdout.strip()
    ptyd.cli("get", "fetched", stored, "-o", str(here / "back"), check=True)
    assert (here / "back").read_bytes() == content
