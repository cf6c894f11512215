import { describe, expect, test } from "vitest";
import type { ChannelEvent, ChannelState, OutputMark } from "../src/protocol/channel_state";
import { decodeClientMessage } from "../src/protocol/codec";
import { ConnectionState } from "../src/protocol/connection_state";
import { ProtocolError } from "../src/protocol/errors";
import {
  type DaemonMessage,
  DEFAULT_WINDOW_BYTES,
  MAX_INPUT_BYTES,
  MAX_UNACKED_INPUT_BYTES,
} from "../src/protocol/messages.gen";
import { type Conversation, encodeDaemonMessage, ScriptedDaemon, SESSION } from "./scripted_daemon";

const size = { cols: 80, rows: 24 };

/** A client whose terminal parses only when it is told to. */
class Client {
  readonly state: ConnectionState;
  readonly channel: ChannelState;
  /** What is on the screen: the output since the last reset. */
  screen: number[] = [];
  events: ChannelEvent[] = [];
  resets = 0;
  screens = 0;
  #unparsed: OutputMark[] = [];
  #lastChannel = 0;

  constructor() {
    this.state = new ConnectionState({
      name: "test",
      id: "0123456789abcdef",
      takeChannelNumber: () => {
        this.#lastChannel += 1;
        return this.#lastChannel;
      },
    });
    this.channel = this.state.attach(SESSION, size);
  }

  type(text: string): void {
    this.channel.write(new TextEncoder().encode(text));
  }

  receive(bytes: Uint8Array): void {
    for (const event of this.state.receive(bytes)) {
      if (event.type === "channel") this.#show(event.event);
    }
  }

  parse(): void {
    for (const mark of this.#unparsed.splice(0)) this.channel.consume(mark);
  }

  #show(event: ChannelEvent): void {
    this.events.push(event);
    if (event.type === "reset") {
      this.screen = [];
      this.resets += 1;
    } else if (event.type === "screen") {
      this.screen = [...event.data];
      this.screens += 1;
      this.#unparsed.push(event.mark);
    } else if (event.type === "output") {
      for (const byte of event.data) this.screen.push(byte);
      this.#unparsed.push(event.mark);
    }
  }
}

function connect(client: Client, daemon: ScriptedDaemon): Conversation {
  client.state.openSocket();
  return daemon.connect();
}

/** Carries messages to and fro until nobody has anything to say. */
function settle(client: Client, conversation: Conversation): void {
  for (;;) {
    client.parse();
    const outgoing = client.state.takeOutgoing();
    for (const bytes of outgoing) conversation.receive(bytes);
    conversation.pump();
    const incoming = conversation.sent.splice(0);
    for (const message of incoming) client.receive(encodeDaemonMessage(message));
    if (outgoing.length + incoming.length === 0) return;
  }
}

function text(bytes: number[]): string {
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

test("Hello first, then Attach, then what was typed before there was a connection", () => {
  const client = new Client();
  const daemon = new ScriptedDaemon();
  client.type("early");
  const conversation = connect(client, daemon);
  settle(client, conversation);
  expect(conversation.received.map((message) => message.type)).toEqual(["Hello", "Attach", "Input"]);
  expect(text(daemon.taken)).toBe("early");
  expect(client.channel.phase).toBe("live");
});

test("a resumed channel gets the missing bytes, and only them, without a reset", () => {
  const client = new Client();
  const daemon = new ScriptedDaemon();
  daemon.print("before ");
  settle(client, connect(client, daemon));
  client.state.loseSocket();
  expect(client.channel.phase).toBe("offline");
  daemon.print("while away");
  const conversation = connect(client, daemon);
  settle(client, conversation);
  expect(text(client.screen)).toBe("before while away");
  expect(client.resets).toBe(1);
  expect(conversation.received[1]).toMatchObject({ type: "Attach", channel: 1, epoch: 1, offset: 7 });
});

test.each([
  ["the offset is gone", (daemon: ScriptedDaemon) => (daemon.logStart = 12)],
  ["the log is another", (daemon: ScriptedDaemon) => (daemon.epoch = 2)],
])("the terminal is reset where %s", (_, change) => {
  const client = new Client();
  const daemon = new ScriptedDaemon();
  daemon.print("old");
  settle(client, connect(client, daemon));
  client.state.loseSocket();
  daemon.print(" and newer tail");
  change(daemon);
  settle(client, connect(client, daemon));
  expect(client.resets).toBe(2);
  expect(text(client.screen)).toBe("old and newer tail".slice(daemon.logStart));
});

test("what the daemon took before the cut is not sent again, the rest is, with its numbers", () => {
  const client = new Client();
  const daemon = new ScriptedDaemon();
  settle(client, connect(client, daemon));
  client.type("a");
  client.type("b");
  const [first] = client.state.takeOutgoing();
  expect(first).toBeDefined();
  // Only the first reaches the daemon, and its InputAck never the client.
  daemon.take("0123456789abcdef", { type: "Input", channel: 1, seq: 1, data: Uint8Array.of(0x61) });
  client.state.loseSocket();
  client.type("c");
  const conversation = connect(client, daemon);
  settle(client, conversation);
  const resent = conversation.received.filter((message) => message.type === "Input");
  expect(resent.map((input) => input.seq)).toEqual([2, 3]);
  expect(text(daemon.taken)).toBe("abc");
  expect(client.channel.pendingInputBytes).toBe(0);
});

test("a long paste is split, and waits where the daemon would end the channel", () => {
  const client = new Client();
  const daemon = new ScriptedDaemon();
  settle(client, connect(client, daemon));
  const bytes = MAX_UNACKED_INPUT_BYTES + 3 * MAX_INPUT_BYTES + 5;
  client.channel.write(new Uint8Array(bytes).fill(0x78));
  expect(client.state.takeOutgoing().length).toBe(MAX_UNACKED_INPUT_BYTES / MAX_INPUT_BYTES);
  client.state.loseSocket();
  settle(client, connect(client, daemon));
  expect(daemon.taken.length).toBe(bytes);
});

describe("acknowledgements", () => {
  test("follow the parsing, not the receiving", () => {
    const client = new Client();
    const daemon = new ScriptedDaemon();
    const conversation = connect(client, daemon);
    settle(client, conversation);
    daemon.print("x".repeat(3 * DEFAULT_WINDOW_BYTES));
    conversation.pump();
    for (const message of conversation.sent.splice(0)) client.receive(encodeDaemonMessage(message));
    conversation.pump();
    expect(conversation.sent).toEqual([]);
    expect(client.screen.length).toBe(DEFAULT_WINDOW_BYTES);
    settle(client, conversation);
    expect(client.screen.length).toBe(3 * DEFAULT_WINDOW_BYTES);
  });

  test("of output from before a reset are dropped", () => {
    const client = new Client();
    const daemon = new ScriptedDaemon();
    const conversation = connect(client, daemon);
    settle(client, conversation);
    daemon.print("unparsed");
    conversation.pump();
    for (const message of conversation.sent.splice(0)) client.receive(encodeDaemonMessage(message));
    const none = new Uint8Array();
    const snapshot = {
      type: "Snapshot",
      channel: 1,
      offset: 100,
      ...size,
      data: none,
      kind: "tail",
      more: false,
    } as const;
    client.receive(encodeDaemonMessage(snapshot));
    client.parse();
    expect(sentBy(client)).toEqual([{ type: "Ack", channel: 1, offset: 100 }]);
  });

  test("of a screen are sent once it was parsed, though its offset was acknowledged before", () => {
    const { client, conversation } = openScreen("on the screen");
    settle(client, conversation);
    conversation.received.length = 0;
    conversation.resync();
    deliver(client, conversation);
    expect(sentBy(client)).toEqual([]);
    client.parse();
    client.parse();
    expect(sentBy(client)).toEqual([{ type: "Ack", channel: 1, offset: 13 }]);
  });

  test("of a screen that another one has replaced are not", () => {
    const { client, daemon, conversation } = openScreen("one");
    settle(client, conversation);
    for (const part of daemon.takeSnapshot(1)) client.receive(encodeDaemonMessage(part));
    daemon.print(" two");
    for (const part of daemon.takeSnapshot(1)) client.receive(encodeDaemonMessage(part));
    client.parse();
    expect(sentBy(client)).toEqual([{ type: "Ack", channel: 1, offset: 7 }]);
    expect(text(client.screen)).toBe("one two");
  });
});

/** An attachment to a daemon that has exact screens, before anything was delivered to the client. */
function openScreen(output: string) {
  const client = new Client();
  const daemon = new ScriptedDaemon();
  daemon.hasEngine = true;
  daemon.print(output);
  return { client, daemon, conversation: connect(client, daemon) };
}

/** What the client has said since the last time. */
function sentBy(client: Client): unknown[] {
  return client.state.takeOutgoing().map((bytes) => decodeClientMessage(bytes));
}

/** Brings what is on its way to the client, or only the first `count` messages of it. */
function deliver(client: Client, conversation: Conversation, count = Number.POSITIVE_INFINITY): void {
  for (const message of conversation.sent.splice(0, count)) client.receive(encodeDaemonMessage(message));
}

/** Up to the daemon's answer to Attach, of which nothing is delivered yet. */
function askForScreen(client: Client, conversation: Conversation): void {
  for (const bytes of client.state.takeOutgoing()) conversation.receive(bytes);
  deliver(client, conversation);
  for (const bytes of client.state.takeOutgoing()) conversation.receive(bytes);
}

describe("a screen", () => {
  test("comes whole, and without a reset before it", () => {
    const { client, conversation } = openScreen("a screen of several parts");
    settle(client, conversation);
    expect(text(client.screen)).toBe("a screen of several parts");
    expect([client.resets, client.screens]).toEqual([0, 1]);
    expect(client.channel.answers).toBe(true);
    expect(client.channel.phase).toBe("live");
  });

  test.each([1, 2, 4])(
    "that came only in part is asked for anew, %i messages of the answer to Attach",
    (count) => {
      const { client, daemon, conversation } = openScreen("a screen of several parts");
      askForScreen(client, conversation);
      deliver(client, conversation, count);
      client.state.loseSocket();
      daemon.print(" and more");
      const again = connect(client, daemon);
      settle(client, again);
      expect(again.received[1]).toMatchObject({ type: "Attach", epoch: null, offset: null });
      expect(text(client.screen)).toBe("a screen of several parts and more");
      expect(client.screens).toBe(1);
    },
  );

  test("that came whole is gone on from", () => {
    const { client, daemon, conversation } = openScreen("a screen of several parts");
    askForScreen(client, conversation);
    deliver(client, conversation);
    client.state.loseSocket();
    daemon.print(" and more");
    const again = connect(client, daemon);
    settle(client, again);
    expect(again.received[1]).toMatchObject({ type: "Attach", epoch: 1, offset: 25 });
    expect(again.received.map((message) => message.type)).toEqual(["Hello", "Attach", "Ack"]);
    expect(text(client.screen)).toBe("a screen of several parts and more");
  });

  const part = { type: "Snapshot", channel: 1, offset: 3, ...size, kind: "screen" } as const;
  test.each<[string, DaemonMessage]>([
    ["a part at another offset", { ...part, offset: 4, data: Uint8Array.of(2), more: false }],
    ["a part of another size", { ...part, cols: 81, data: Uint8Array.of(2), more: false }],
    ["output", { type: "Output", channel: 1, offset: 3, data: Uint8Array.of(1) }],
    ["a size", { type: "Resized", channel: 1, offset: 3, ...size }],
    ["the exit", { type: "Exited", channel: 1, offset: 3, code: 0, signal: null, reason: "" }],
  ])("may not have %s between its parts", (_, message) => {
    const { client, conversation } = openScreen("abc");
    settle(client, conversation);
    client.receive(encodeDaemonMessage({ ...part, data: Uint8Array.of(1), more: true }));
    client.receive(encodeDaemonMessage({ type: "InputAck", channel: 1, seq: 1 }));
    expect(() => client.receive(encodeDaemonMessage(message))).toThrow(ProtocolError);
  });

  test("has to come before output where Attached promised it", () => {
    const { client, conversation } = openScreen("abc");
    askForScreen(client, conversation);
    deliver(client, conversation, 1);
    const output = { type: "Output", channel: 1, offset: 3, data: Uint8Array.of(1) } as const;
    expect(() => client.receive(encodeDaemonMessage(output))).toThrow(ProtocolError);
  });
});

test("visibility, appearance and depth are remembered, and told again over each connection", () => {
  const { client, daemon, conversation } = openScreen("");
  client.channel.setScrollback(10_000);
  client.channel.setHidden(true);
  client.channel.setAppearance({ background: 0x102030, dark: true });
  settle(client, conversation);
  const appearance = { type: "Appearance", channel: 1, background: 0x102030, dark: true };
  const visibility = { type: "Visibility", channel: 1, hidden: true };
  expect(conversation.received[1]).toMatchObject({ type: "Attach", hidden: true, scrollback: 10_000 });
  expect(conversation.received).toContainEqual(expect.objectContaining(appearance));
  client.channel.setHidden(true);
  client.channel.setHidden(false);
  expect(sentBy(client)).toEqual([{ ...visibility, hidden: false }]);
  client.state.loseSocket();
  client.channel.setHidden(true);
  const again = connect(client, daemon);
  settle(client, again);
  expect(again.received[1]).toMatchObject({ type: "Attach", hidden: true, scrollback: 10_000 });
  expect(again.received[2]).toMatchObject(appearance);
  expect(again.received.map((message) => message.type)).not.toContain("Visibility");
});

test("the lock is told with the control", () => {
  const { client, daemon, conversation } = openScreen("");
  daemon.locked = true;
  settle(client, conversation);
  expect(client.channel.locked).toBe(true);
  const changed = {
    type: "ControlChanged",
    channel: 1,
    controller: null,
    yours: false,
    locked: false,
  } as const;
  client.receive(encodeDaemonMessage(changed));
  expect(client.channel.locked).toBe(false);
  expect(client.events.at(-1)).toEqual({ type: "control", controller: null, yours: false, locked: false });
});

test("output that is missing, or a second Welcome, is the daemon's fault", () => {
  const client = new Client();
  const daemon = new ScriptedDaemon();
  settle(client, connect(client, daemon));
  const gap = encodeDaemonMessage({ type: "Output", channel: 1, offset: 5, data: Uint8Array.of(1) });
  expect(() => client.receive(gap)).toThrow(ProtocolError);
  const [welcome] = [new ScriptedDaemon().connect()].map((conversation) => {
    const other = new Client();
    other.state.openSocket();
    for (const bytes of other.state.takeOutgoing()) conversation.receive(bytes);
    return conversation.sent[0];
  });
  if (welcome === undefined) throw new Error("no Welcome");
  expect(() => client.receive(encodeDaemonMessage(welcome))).toThrow(ProtocolError);
});

test("output that came already is not shown twice", () => {
  const client = new Client();
  const daemon = new ScriptedDaemon();
  daemon.print("abc");
  settle(client, connect(client, daemon));
  const again = { type: "Output", channel: 1, offset: 1, data: new TextEncoder().encode("bcd") } as const;
  client.receive(encodeDaemonMessage(again));
  expect(text(client.screen)).toBe("abcd");
});

test("a size that changes on the way is told once the daemon has answered", () => {
  const client = new Client();
  const daemon = new ScriptedDaemon();
  const conversation = connect(client, daemon);
  for (const bytes of client.state.takeOutgoing()) conversation.receive(bytes);
  for (const message of conversation.sent.splice(0, 1)) client.receive(encodeDaemonMessage(message));
  client.channel.resize({ cols: 100, rows: 30 });
  settle(client, conversation);
  expect(conversation.received.at(-1)).toMatchObject({ type: "Resize", cols: 100, rows: 30 });
});

test("closing waits for the last key, even over a reconnect", () => {
  const client = new Client();
  const daemon = new ScriptedDaemon();
  settle(client, connect(client, daemon));
  client.state.loseSocket();
  client.type("last");
  client.state.close(client.channel);
  const conversation = connect(client, daemon);
  settle(client, conversation);
  expect(text(daemon.taken)).toBe("last");
  expect(conversation.received.at(-1)?.type).toBe("Detach");
  expect(client.channel.isDone).toBe(true);
});

test("a request without an answer fails when the connection goes", () => {
  const client = new Client();
  settle(client, connect(client, new ScriptedDaemon()));
  const id = client.state.request("list", {});
  expect(client.state.loseSocket()).toEqual([
    expect.objectContaining({ type: "failure", id, code: "unavailable" }),
  ]);
});

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Keys, output and deliveries in any order, with the connection cut again and again at any message. */
class Storm {
  readonly client = new Client();
  readonly daemon = new ScriptedDaemon();
  typed = "";
  cuts = 0;
  #conversation: Conversation = connect(this.client, this.daemon);
  #toDaemon: Uint8Array[] = [];
  readonly #random: () => number;

  constructor(seed: number, hasEngine: boolean) {
    this.#random = seededRandom(seed);
    this.daemon.hasEngine = hasEngine;
    this.daemon.partBytes = 500;
  }

  step(): void {
    const actions = [
      () => this.#type(),
      () => this.daemon.print(`o${this.daemon.output.length};`),
      () => this.#deliverToDaemon(),
      () => this.#deliverToClient(),
      () => this.#deliverToClient(),
      () => this.client.parse(),
    ];
    if (this.daemon.hasEngine && this.#random() < 0.02) this.#conversation.resync();
    if (this.#random() < 0.03) this.#cut();
    else actions[Math.floor(this.#random() * actions.length)]?.();
  }

  finish(): void {
    for (const bytes of this.#toDaemon.splice(0)) this.#conversation.receive(bytes);
    settle(this.client, this.#conversation);
  }

  #type(): void {
    const key = `k${this.typed.length};`;
    this.typed += key;
    this.client.type(key);
  }

  #deliverToDaemon(): void {
    this.#toDaemon.push(...this.client.state.takeOutgoing());
    const bytes = this.#toDaemon.shift();
    if (bytes !== undefined) this.#conversation.receive(bytes);
  }

  #deliverToClient(): void {
    this.#conversation.pump();
    const message = this.#conversation.sent.shift();
    if (message !== undefined) this.client.receive(encodeDaemonMessage(message));
  }

  /** Everything on its way, in both directions, is lost. */
  #cut(): void {
    this.cuts += 1;
    this.#toDaemon = [];
    this.client.state.loseSocket();
    this.#conversation = connect(this.client, this.daemon);
  }
}

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  "each byte once, each key once, storm %i",
  (seed) => {
    const storm = new Storm(seed, seed % 2 === 1);
    for (let step = 0; step < 1500; step += 1) storm.step();
    storm.finish();
    expect(storm.cuts).toBeGreaterThan(10);
    expect(storm.client.screens > 0).toBe(storm.daemon.hasEngine);
    expect(text(storm.daemon.taken)).toBe(storm.typed);
    expect(text(storm.client.screen)).toBe(text(storm.daemon.output));
  },
);
