"""Five clients of five sizes on one program: it is told a new size when control changes hands, and at no other time.

A program that is resized for each of several viewers redraws for ever. Here it counts its SIGWINCHs and tells, at each
key, how many there have been and what size it has. A size is set before the key that took control is delivered, so
what it tells at a key is exact, and no test waits to see that nothing happens.
"""

import random
import re
import sys
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from ptyd_protocol.messages import Attached, ControlChanged, Detach, Detached, Live, Resize, Visibility

from tests.daemon.client import Client, connected
from tests.daemon.conftest import Create
from tests.support.daemon import PtydUnderTest

SIZES = [(80, 24), (100, 30), (120, 40), (61, 17), (132, 50)]
ROUNDS = 12

COUNTER = """
import os, signal, tty
count = 0
def note(*_):
    global count
    count += 1
signal.signal(signal.SIGWINCH, note)
tty.setraw(0)
os.write(1, b"ready;")
while key := os.read(0, 1):
    size = os.get_terminal_size(0)
    os.write(1, b"<%s %d %d %d>" % (key, count, size.columns, size.lines))
"""
TOLD = re.compile(rb"<(.) (\d+) (\d+) (\d+)>")


class Person:
    """One client with a window of its own, attached to the counting program."""

    def __init__(self, client: Client, session: str, size: tuple[int, int], role: str = "control") -> None:
        self.client = client
        self.session = session
        self.size = size
        self._seq = 0
        self.attached: Attached = client.attach(1, session, cols=size[0], rows=size[1], role=role)
        client.wait_for(Live)  # what it told before is here

    def type(self, key: bytes) -> tuple[int, tuple[int, int]]:
        """Press a key; the SIGWINCHs and the size that the program tells of at this key."""
        told = len(TOLD.findall(self.client.output[1]))
        self._seq += 1
        self.client.type(1, self._seq, key)
        while not (answers := TOLD.findall(self.client.output[1])[told:]):
            self.client.receive()
        assert len(answers) == 1
        pressed, count, cols, rows = answers[0]
        assert pressed == key
        return int(count), (int(cols), int(rows))

    def resize(self, size: tuple[int, int]) -> None:
        self.size = size
        self.client.send(Resize(1, *size))
        self.client.ping()

    def catch_up(self) -> None:
        """Take what has come, up to now."""
        self.client.ping()

    def come_back(self, client: Client) -> "Person":
        """The same person on another connection."""
        again = Person(client, self.session, self.size)
        again._seq = self._seq
        return again

    def leave(self) -> None:
        self.client.send(Detach(1))
        self.client.wait_for(Detached)


@pytest.fixture
def session(create: Create) -> str:
    """The counting program, at a size that is nobody's."""
    info = create(sys.executable, "-c", COUNTER, cols=90, rows=33)
    session: str = info["id"]
    return session


Enter = Callable[..., Person]


@pytest.fixture
def enter(ptyd: PtydUnderTest, session: str) -> "Enter":
    """Another person comes to the session."""
    with ExitStack() as stack:

        def come(size: tuple[int, int], role: str = "control") -> Person:
            person = Person(stack.enter_context(connected(ptyd.sock_path)), session, size, role)
            person.client.read_until(1, b"ready;")
            return person

        yield come  # type: ignore[misc]


def test_one_for_each_change_of_control(enter: Enter) -> None:
    people = [enter(size) for size in SIZES]
    count, size = people[0].type(b"a")
    assert size == people[0].size
    in_control = people[0]
    chance = random.Random(5)
    for _ in range(ROUNDS):
        person = chance.choice(people)
        person.catch_up()
        for index in range(chance.randint(1, 4)):
            before = count
            count, size = person.type(b"k")
            assert size == person.size
            # Of five different sizes each change is one signal; going on is none.
            assert count - before == int(index == 0 and person is not in_control)
            in_control = person
    assert count <= ROUNDS + 1


def test_none_for_those_who_come_go_and_resize_without_control(enter: Enter, ptyd: PtydUnderTest) -> None:
    typist = enter(SIZES[0])
    before, size = typist.type(b"a")
    assert size == SIZES[0]
    for width in (60, 100, 140):
        observer = enter((width, 30), "observe")
        other = enter((width + 1, 31))
        assert not observer.attached.yours
        assert not other.attached.yours
        for step in range(5):
            observer.resize((width + step, 20 + step))
            other.resize((width - step, 20 + step))
            assert typist.type(b"k") == (before, SIZES[0])
        other.client.send(Visibility(1, True))
        other.client.send(Visibility(1, False))
        observer.client.send(Visibility(1, True))
        other.client.ping()
        observer.client.ping()
        assert typist.type(b"k") == (before, SIZES[0])
        observer.leave()
        other.leave()
        assert typist.type(b"k") == (before, SIZES[0])


def test_none_where_the_new_controller_has_the_same_size(enter: Enter) -> None:
    people = [enter((100, 30)) for _ in range(5)]
    before, _ = people[0].type(b"a")
    for _ in range(3):
        for person in people:
            person.catch_up()
            assert person.type(b"k") == (before, (100, 30))


def test_one_for_each_size_of_the_controller_itself(enter: Enter) -> None:
    typist = enter(SIZES[0])
    count, _ = typist.type(b"a")
    for size in SIZES[1:]:
        typist.resize(size)
        typist.resize(size)
        assert typist.type(b"k") == (count + 1, size)
        count += 1


def test_none_while_locked(enter: Enter, ptyd: PtydUnderTest, session: str) -> None:
    people = [enter(size) for size in SIZES]
    before, size = people[0].type(b"a")
    ptyd.request("lock", session=session, locked=True)
    chance = random.Random(6)
    for _ in range(ROUNDS):
        person = chance.choice(people)
        person.catch_up()
        assert person.type(b"k") == (before, size)
        if person is not people[0]:
            person.resize(chance.choice(SIZES))
            person.catch_up()
            assert person.type(b"k") == (before, size)
    ptyd.request("lock", session=session, locked=False)
    people[3].catch_up()
    assert people[3].type(b"k") == (before + 1, people[3].size)


def test_one_for_a_controller_that_leaves_and_one_when_it_hides(enter: Enter) -> None:
    first, second, third = (enter(size) for size in SIZES[:3])
    count, _ = first.type(b"a")

    first.client.send(Visibility(1, True))
    third.client.wait_for(ControlChanged, lambda told: told.yours)  # the newest inherits
    third.catch_up()
    assert third.type(b"k") == (count + 1, SIZES[2])

    third.leave()
    second.client.wait_for(ControlChanged, lambda told: told.yours)  # not the hidden one
    second.catch_up()
    assert second.type(b"k") == (count + 2, SIZES[1])


def test_none_for_a_kill_of_the_daemon_when_the_controller_comes_back(
    enter: Enter, ptyd: PtydUnderTest, session: str
) -> None:
    people = [enter(size) for size in SIZES]
    before, size = people[2].type(b"a")
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    with ExitStack() as stack:
        client = stack.enter_context(connected(ptyd.sock_path, people[2].client.client_id))
        again = Person(client, session, SIZES[2])
        assert again.attached.yours
        others = [Person(stack.enter_context(connected(ptyd.sock_path)), session, SIZES[1]) for _ in range(2)]
        assert not any(other.attached.yours for other in others)
        again._seq = people[2]._seq
        assert again.type(b"k") == (before, size)
