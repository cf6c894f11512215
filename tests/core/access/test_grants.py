"""Grants: found by digest, counted, ended, kept."""

from typing import Any

import pytest
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.core.access import grants as grants_module
from ptyd.core.access.grants import Grant, GrantBook


def make_grant(**more: Any) -> Grant:
    values: dict[str, Any] = {
        "id": "aaaa0001",
        "name": "ci",
        "kind": "token",
        "rights": ["observe"],
        "digest": "d1",
        "created_at": 1000.0,
    }
    return Grant(**values | more)


def code_of_check(book: GrantBook, grant: Grant) -> ErrorCode:
    with pytest.raises(Refusal) as caught:
        book.check(grant)
    return caught.value.code


def test_found_until_its_time_is_over() -> None:
    grant = make_grant(expires_at=1010.0)
    book = GrantBook([grant])
    assert book.find("d1", 1009.9) is grant
    assert book.get("aaaa0001", 1009.9) is grant
    assert book.find("d1", 1010.0) is None
    assert book.get("aaaa0001", 1010.0) is None
    assert book.find("d2", 1000.0) is None
    assert book.expired(1009.0) == []
    assert book.expired(1010.0) == [grant]
    book.remove(grant)
    assert list(book) == []


def test_uses_are_counted() -> None:
    book = GrantBook()
    twice, ever = make_grant(uses_left=2), make_grant(uses_left=None)
    assert [book.spend(twice) for _ in range(3)] == [True, True, False]
    assert all(book.spend(ever) for _ in range(5))


def test_the_principal_of_a_grant() -> None:
    principal = make_grant(rights=["control"], session="0000000a").principal()
    assert (principal.name, principal.grant_id) == ("ci", "aaaa0001")
    assert principal.rights == {"observe", "control"}
    assert principal.sessions == {"0000000a"}
    assert make_grant().principal().sessions is None


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"name": "owner"}, ErrorCode.BAD_NAME),
        ({"name": "../x"}, ErrorCode.BAD_NAME),
        ({"name": "\x1b[31m"}, ErrorCode.BAD_NAME),
        ({"name": "ci"}, ErrorCode.NAME_TAKEN),
        ({"name": "x", "rights": []}, ErrorCode.BAD_REQUEST),
        ({"name": "x", "rights": ["admin"], "session": "0000000a"}, ErrorCode.BAD_REQUEST),
    ],
)
def test_what_may_not_be_added(more: dict[str, Any], code: ErrorCode) -> None:
    assert code_of_check(GrantBook([make_grant()]), make_grant(**{"id": "b", "digest": "d2"} | more)) is code


def test_there_is_an_end_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grants_module, "MAX_GRANTS", 1)
    assert code_of_check(GrantBook([make_grant()]), make_grant(name="x", digest="d2")) is ErrorCode.NO_RESOURCES


def test_by_id_or_name() -> None:
    grant = make_grant()
    book = GrantBook([grant])
    assert book.resolve("ci") is book.resolve("aaaa0001") is grant
    for wish in ("", "c", "aaaa", "d1"):
        with pytest.raises(Refusal) as caught:
            book.resolve(wish)
        assert caught.value.code is ErrorCode.NO_SUCH_TOKEN


def test_written_and_read() -> None:
    grants = [make_grant(), make_grant(id="b", digest="d2", session="0000000a", expires_at=5.5, uses_left=1)]
    assert list(GrantBook.decode(GrantBook(grants).encode())) == grants
    for spoilt in (b"", b"{}", b"[1]", b'[{"id": "x"}]'):
        with pytest.raises(ValueError):
            GrantBook.decode(spoilt)
