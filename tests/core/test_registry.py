"""Sessions by id, name and the beginning of either; which names may be given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_protocol import limits
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.core.registry import Registry
from ptyd.core.session import Session
from tests.core.world import end_program, make_session


def add(registry: Registry, session_id: str, name: str, *, at: float = 1000.0, ended: bool = False) -> Session:
    session = make_session(id=session_id, name=name, created_at=at)
    if ended:
        end_program(session)
    registry.add(session)
    return session


def code_of(registry: Registry, ref: str) -> ErrorCode:
    with pytest.raises(Refusal) as caught:
        registry.resolve(ref)
    return caught.value.code


def test_by_id_name_and_beginning() -> None:
    registry = Registry()
    build = add(registry, "1a2b3c4d", "build")
    serve = add(registry, "9f8e7d6c", "serve")
    for ref in ("1a2b3c4d", "build", "b", "1a"):
        assert registry.resolve(ref) is build
    assert registry.resolve("9") is serve
    assert list(registry) == [build, serve]
    assert (len(registry), "1a2b3c4d" in registry, registry.get("nobody")) == (2, True, None)


def test_latest() -> None:
    registry = Registry()
    assert code_of(registry, "") is ErrorCode.NO_SUCH_SESSION
    add(registry, "00000001", "first", at=1.0)
    second = add(registry, "00000002", "second", at=2.0)
    add(registry, "00000003", "third", at=3.0, ended=True)
    assert registry.resolve("") is second
    end_program(second)
    assert registry.resolve("").name == "first"


def test_latest_ended_where_none_runs() -> None:
    registry = Registry()
    add(registry, "00000001", "first", at=1.0, ended=True)
    second = add(registry, "00000002", "second", at=2.0, ended=True)
    assert registry.resolve("") is second


def test_the_whole_name_goes_before_a_beginning() -> None:
    registry = Registry()
    short = add(registry, "00000001", "web")
    add(registry, "00000002", "web-2")
    assert registry.resolve("web") is short


def test_ambiguous() -> None:
    registry = Registry()
    add(registry, "00000001", "web-1")
    add(registry, "00000002", "web-2")
    with pytest.raises(Refusal, match="web-1, web-2") as caught:
        registry.resolve("web")
    assert caught.value.code is ErrorCode.AMBIGUOUS_SESSION


def test_running_goes_before_ended() -> None:
    registry = Registry()
    old = add(registry, "00000001", "build", at=1.0, ended=True)
    running = add(registry, "00000002", "build", at=2.0)
    assert registry.resolve("build") is running
    assert registry.resolve("bui") is running
    assert registry.resolve("00000001") is old
    end_program(running)
    assert registry.resolve("build") is running  # the newer one


def test_removed() -> None:
    registry = Registry()
    session = add(registry, "00000001", "build")
    registry.remove(session)
    registry.remove(session)
    assert code_of(registry, "build") is ErrorCode.NO_SUCH_SESSION


@pytest.mark.parametrize("name", ["a", "0", "build-2.x_Y", "a" * limits.MAX_NAME_CHARS])
def test_names(name: str) -> None:
    Registry().check_name(name)


@pytest.mark.parametrize(
    "name", ["", "-x", ".x", "_x", "a b", "a/b", "a\n", "ä", "a" * (limits.MAX_NAME_CHARS + 1), "a\0", "a:b"]
)
def test_no_names(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        Registry().check_name(name)
    assert caught.value.code is ErrorCode.BAD_NAME


def test_taken() -> None:
    registry = Registry()
    session = add(registry, "00000001", "build")
    registry.starting.add("soon")
    for name in ("build", "soon"):
        with pytest.raises(Refusal, match=name) as caught:
            registry.check_name(name)
        assert caught.value.code is ErrorCode.NAME_TAKEN
    end_program(session)
    registry.check_name("build")


def test_free_names() -> None:
    registry = Registry()
    assert registry.free_name("bash") == "bash"
    add(registry, "00000001", "bash")
    registry.starting.add("bash-2")
    assert registry.free_name("bash") == "bash-3"
    assert registry.free_name("../ä weird//") == "weird"
    assert registry.free_name("äöü") == "session"


@given(st.text(max_size=200))
def test_a_free_name_is_a_name(wish: str) -> None:
    registry = Registry()
    for number in range(3):
        name = registry.free_name(wish)
        registry.check_name(name)
        add(registry, f"{number:08x}", name)


def test_what_is_not_seen_is_not_there() -> None:
    registry = Registry()
    mine = add(registry, "1a000001", "web-1", at=1.0)
    add(registry, "1a000002", "web-2", at=2.0)
    hidden = ("1a000002", "web-2", "1a000002x", "nobody")

    def sees(session: Session) -> bool:
        return session is mine

    for ref in ("", "w", "1a", "web", "web-1", "1a000001"):  # the latest and the ambiguous ones too
        assert registry.resolve(ref, sees) is mine
    told = set()
    for ref in hidden:
        with pytest.raises(Refusal) as caught:
            registry.resolve(ref, sees)
        told.add((caught.value.code, caught.value.message.replace(repr(ref), "REF")))
    assert len(told) == 1  # nothing tells what is hidden from what is not there
    with pytest.raises(Refusal) as caught:
        registry.resolve("", lambda session: False)
    assert caught.value.code is ErrorCode.NO_SUCH_SESSION
