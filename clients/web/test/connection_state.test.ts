import { describe, expect, test } from "vitest";
import type { ChannelEvent, ChannelState, OutputMark } from "../src/protocol/channel_state";
import { ConnectionState } from "../src/protocol/connection_state";
import { ProtocolError } from "../src/protocol/errors";
import { DEFAULT_WINDOW_BYTES, MAX_INPUT_BYTES, MAX_UNACKED_INPUT_BYTES } from "../src/protocol/messages.gen";
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
    } as const;
    client.receive(encodeDaemonMessage(snapshot));
    client.parse();
    expect(client.state.takeOutgoing()).toEqual([]);
  });
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

  constructor(seed: number) {
    this.#random = seededRandom(seed);
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
    const storm = new Storm(seed);
    for (let step = 0; step < 1500; step += 1) storm.step();
    storm.finish();
    expect(storm.cuts).toBeGreaterThan(10);
    expect(text(storm.daemon.taken)).toBe(storm.typed);
    expect(text(storm.client.screen)).toBe(text(storm.daemon.output));
  },
);
