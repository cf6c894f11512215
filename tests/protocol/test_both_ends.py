"""Both ends of the wire against each other, with connections that break at any moment: nothing is lost or doubled."""

import random

import pytest
from ptyd_protocol.client_channel import ClientChannel
from ptyd_protocol.client_connection import ClientConnection
from ptyd_protocol.errors import ProtocolError
from ptyd_protocol.limits import MIN_WINDOW_BYTES
from ptyd_protocol.messages import Attach, Attached, Exited, Output, Snapshot

from tests.protocol.model_daemon import ModelConnection, ModelDaemon
from tests.protocol.mutations import mutate_messages

STEPS = 400
SEEDS = range(60)


class World:
    """A client, a daemon and the messages between them, moved one step at a time."""

    def __init__(self, seed: int, lossless: bool = True) -> None:
        self.randomness = random.Random(seed)
        self.daemon = ModelDaemon()
        self.client = ClientConnection("test", "client-0123456789")
        self.channel: ClientChannel = self.client.open_channel(
            Attach(1, "", "control", 80, 24, window=MIN_WINDOW_BYTES, lossless=lossless)
        )
        self.received = bytearray()
        self.typed = bytearray()
        self.exited: Exited | None = None
        self.connection: ModelConnection | None = None
        self.to_daemon: list[bytes] = []
        self.connections = 0

    def connect(self) -> None:
        if self.connection is None:
            self.connection = ModelConnection(self.daemon)
            self.connections += 1
            self.client.begin()

    def break_connection(self) -> None:
        """What is on its way is lost, in both directions."""
        if self.connection is not None:
            self.connection = None
            self.to_daemon = []
            self.client.interrupt()

    def collect(self) -> None:
        self.to_daemon += self.client.data_to_send()

    def deliver_to_daemon(self) -> None:
        self.collect()
        if self.connection is not None and self.to_daemon:
            self.connection.receive(self.to_daemon.pop(0))

    def deliver_to_client(self) -> None:
        if self.connection is None:
            return
        self.connection.pump(self.randomness.choice((1, 100, 5000)))
        if not self.connection.outbox:
            return
        message = self.client.receive(self.connection.outbox.pop(0))
        if isinstance(message, Output):
            assert message.offset == len(self.received)
            self.received += message.data
            in_flight = len(self.received) - self.channel.consumed
            assert in_flight <= 3 * MIN_WINDOW_BYTES  # a broken connection's share may come on top of a new one's
        elif isinstance(message, Exited):
            self.exited = message

    def consume(self) -> None:
        behind = len(self.received) - self.channel.consumed
        if behind > 0:
            self.channel.consume(self.channel.consumed + self.randomness.randint(1, behind))

    def type_something(self) -> None:
        data = self.randomness.randbytes(self.randomness.randint(1, 50))
        self.typed += data[: self.channel.write(data)]

    def print_something(self) -> None:
        self.daemon.log += self.randomness.randbytes(self.randomness.randint(1, 3000))

    def step(self) -> None:
        actions = (
            [self.deliver_to_daemon] * 8
            + [self.deliver_to_client] * 8
            + [self.consume, self.type_something, self.print_something] * 2
            + [self.connect] * 3
            + [self.break_connection]
        )
        self.randomness.choice(actions)()

    def settle(self) -> None:
        """No more accidents: everything on its way arrives, and the program ends."""
        for step in range(100_000):
            self.connect()
            self.deliver_to_daemon()
            self.deliver_to_client()
            self.consume()
            if self.channel.input.is_empty and step > 10:
                self.daemon.exit_code = 7
            if self.exited is not None:
                return
        raise AssertionError("it never came to rest")


class ViewersWorld(World):
    """With a viewer: ``received`` is its screen. It consumes a screen at once, or a little later."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, lossless=False)
        self.screens = 0

    def deliver_to_client(self) -> None:
        if self.connection is None:
            return
        if self.randomness.random() < 0.05:
            self.connection.resync()
        self.connection.pump(self.randomness.choice((1, 100, 5000)))
        if not self.connection.outbox:
            return
        match self.client.receive(self.connection.outbox.pop(0)):
            case Output(offset=offset, data=data):
                assert offset == len(self.received)
                self.received += data
            case Snapshot(offset=offset, data=data):
                assert offset == len(data)
                self.received = bytearray(data)
                self.screens += 1
            case Attached(mode="exact", offset=offset):
                assert offset == len(self.received)
            case Exited() as exited:
                self.exited = exited
            case _:
                pass

    def consume(self) -> None:
        self.channel.consume_snapshot()
        super().consume()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_viewer_always_ends_on_the_exact_screen(seed: int) -> None:
    world = ViewersWorld(seed)
    for _ in range(STEPS):
        world.step()
    world.settle()
    assert world.received == world.daemon.log
    assert world.daemon.taken == world.typed
    assert world.screens > 0 and world.connections > 2


@pytest.mark.parametrize("seed", SEEDS)
def test_every_byte_and_every_key_once(seed: int) -> None:
    world = World(seed)
    for _ in range(STEPS):
        world.step()
    world.settle()
    assert world.received == world.daemon.log
    assert world.daemon.taken == world.typed
    assert world.exited is not None and world.exited.code == 7
    assert world.exited.offset == len(world.daemon.log)
    assert world.connections > 2
    assert len(world.typed) > 0 and len(world.received) > MIN_WINDOW_BYTES


@pytest.mark.parametrize("seed", range(100))
def test_mutated_messages_to_the_daemons_end(seed: int) -> None:
    """A lawful conversation into which mutated messages fall: each is acted on, ignored, or ends the connection."""
    world = World(seed)
    world.connect()
    refused = False
    for data in mutate_messages("client", seed, 200):
        assert world.connection is not None
        try:
            world.deliver_to_daemon()
            world.connection.receive(data)
            world.connection.pump(100)
        except ProtocolError as error:
            assert error.reason
            refused = True
            world.break_connection()
            world.connect()
    assert refused


@pytest.mark.parametrize("seed", range(100))
def test_mutated_messages_to_the_clients_end(seed: int) -> None:
    world = World(seed)
    world.print_something()
    world.connect()
    refused = False
    for data in mutate_messages("daemon", seed, 200):
        try:
            world.deliver_to_daemon()
            world.deliver_to_client()
            world.client.receive(data)
        except ProtocolError as error:
            assert error.reason
            refused = True
            world.break_connection()
            world = World(seed)
            world.connect()
    assert refused
