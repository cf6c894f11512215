"""What the keeper remembers, for daemons that are newer or older."""

import json

import msgspec
from ptyd_protocol.session_limits import SessionLimits

from ptyd.core.log.asciicast import CastSettings
from ptyd.core.session_record import SessionRecord, record_of
from tests.core.world import make_session


def test_all_of_it_comes_back() -> None:
    session = make_session(owner="ada", limits=SessionLimits(cpus=1.5), began_at=12.5, end_reason="its time was over")
    session.cast = CastSettings(path="/x.cast")
    record = record_of(session)
    assert msgspec.convert(json.loads(json.dumps(record.to_json())), SessionRecord) == record
    for name in SessionRecord.__struct_fields__:
        assert getattr(record, name) == getattr(session, name)


def test_a_record_of_an_older_daemon() -> None:
    old = {"name": "a", "argv": ["a"], "cwd": "/", "kind": "command", "created_at": 1.0, "of_a_newer": 1}
    assert msgspec.convert(old, SessionRecord).limits == SessionLimits()
