import { beforeEach, expect, test } from "vitest";
import { Connection } from "../src/net/connection";
import type { Environment, LoginState, SocketHandlers } from "../src/net/environment";
import { PROBE_DEADLINE_MS, TICK_MS } from "../src/net/heartbeat";
import type { ConnectionStatus } from "../src/net/status";
import { type Conversation, encodeDaemonMessage, ScriptedDaemon } from "./scripted_daemon";

interface Timer {
  readonly atMs: number;
  readonly action: () => void;
}

/** A socket to the scripted daemon that answers as soon as it is let. */
class TestSocket {
  readonly handlers: SocketHandlers;
  isMute = false;
  isClosed = false;
  readonly #conversation: Conversation;

  constructor(handlers: SocketHandlers, conversation: Conversation) {
    this.handlers = handlers;
    this.#conversation = conversation;
  }

  send(data: Uint8Array): void {
    if (this.isMute) return;
    this.#conversation.receive(data);
    for (const message of this.#conversation.sent.splice(0))
      this.handlers.onMessage(encodeDaemonMessage(message));
  }

  close(): void {
    this.isClosed = true;
  }
}

class World implements Environment {
  readonly daemon = new ScriptedDaemon();
  readonly sockets: TestSocket[] = [];
  login: LoginState = "accepted";
  online = true;
  nowMs = 0;
  #timers: Timer[] = [];

  get socket(): TestSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket");
    return socket;
  }

  openSocket(handlers: SocketHandlers): TestSocket {
    const socket = new TestSocket(handlers, this.daemon.connect());
    this.sockets.push(socket);
    return socket;
  }

  checkLogin = (): Promise<LoginState> => Promise.resolve(this.login);
  now = (): number => this.nowMs;
  random = (): number => 0;
  isOnline = (): boolean => this.online;

  schedule(delayMs: number, action: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  pass(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.action();
    }
    this.nowMs = endMs;
  }

  /** The machine sleeps: time passes and nothing runs, then what is due runs late. */
  sleep(durationMs: number): void {
    this.nowMs += durationMs;
    this.pass(0);
  }
}

let world: World;
let connection: Connection;
let statuses: ConnectionStatus["kind"][];

/** Lets promises settle that are already resolved. */
async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

beforeEach(() => {
  world = new World();
  statuses = [];
  let channels = 0;
  const identity = {
    name: "test",
    id: "0123456789abcdef",
    takeChannelNumber: () => {
      channels += 1;
      return channels;
    },
  };
  connection = new Connection(identity, world, {
    onStatus: (status) => statuses.push(status.kind),
    onEvent: () => {},
  });
  connection.start();
});

function goLive(): void {
  world.socket.handlers.onOpen();
  expect(connection.status.kind).toBe("live");
}

test("a connection that breaks is made again, with growing delays", async () => {
  goLive();
  const delays: number[] = [];
  world.socket.handlers.onClose(1006, "");
  for (let attempt = 0; attempt < 7; attempt += 1) {
    if (connection.status.kind !== "reconnecting" || connection.status.retryAtMs === null)
      throw new Error("no wait");
    const delayMs = connection.status.retryAtMs - world.nowMs;
    delays.push(delayMs);
    world.pass(delayMs);
    world.socket.handlers.onClose(1006, "");
    await settlePromises();
  }
  expect(delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000]);
  expect(world.sockets.length).toBe(8);
});

test("after a success the delays begin anew", () => {
  goLive();
  world.socket.handlers.onClose(1012, "restarting");
  world.pass(250);
  goLive();
  world.socket.handlers.onClose(1012, "restarting");
  world.pass(250);
  goLive();
});

test.each([
  [4001, "logged_out"],
  [4009, "taken_over"],
  [4002, "stopped"],
  [1008, "stopped"],
] as const)("close code %i is not tried again", (code, kind) => {
  goLive();
  world.socket.handlers.onClose(code, "why");
  expect(connection.status.kind).toBe(kind);
  world.pass(60_000);
  expect(world.sockets.length).toBe(1);
});

test("a refused handshake is told from a daemon that is away", async () => {
  world.login = "refused";
  world.socket.handlers.onClose(1006, "");
  await settlePromises();
  expect(connection.status.kind).toBe("logged_out");
  connection.probe();
  await settlePromises();
  expect(world.sockets.length).toBe(1);
  world.login = "accepted";
  connection.probe();
  await settlePromises();
  goLive();
});

test("without a network it says so and goes on trying", () => {
  goLive();
  world.online = false;
  world.socket.handlers.onClose(1006, "");
  expect(connection.status.kind).toBe("offline");
  world.pass(250);
  expect(world.sockets.length).toBe(2);
  expect(connection.status.kind).toBe("offline");
});

test("a healthy connection stays, however long", () => {
  goLive();
  world.pass(3_600_000);
  expect(world.sockets.length).toBe(1);
  expect(statuses).toEqual(["live"]);
});

test("a connection that has gone silent is given up", () => {
  goLive();
  world.socket.isMute = true;
  world.pass(40_000 + 2 * TICK_MS);
  expect(world.sockets[0]?.isClosed).toBe(true);
  expect(world.sockets.length).toBeGreaterThan(1);
});

test("after a sleep a dead connection is found out at once", () => {
  goLive();
  world.socket.isMute = true;
  world.sleep(3_600_000);
  expect(connection.status.kind).toBe("checking");
  world.pass(PROBE_DEADLINE_MS + TICK_MS);
  expect(statuses).toContain("reconnecting");
});

test("after a sleep a connection that lives is kept", () => {
  goLive();
  world.sleep(3_600_000);
  expect(connection.status.kind).toBe("live");
  world.pass(60_000);
  expect(world.sockets.length).toBe(1);
});

test("coming back does not wait for the next attempt", () => {
  goLive();
  world.socket.handlers.onClose(1006, "");
  connection.probe();
  expect(world.sockets.length).toBe(2);
  goLive();
  world.pass(10_000);
  expect(world.sockets.length).toBe(2);
});

test("a socket that was given up is not heard any more", () => {
  goLive();
  const old = world.socket;
  old.isMute = true;
  world.pass(45_000);
  const { status } = connection;
  old.handlers.onClose(4001, "late");
  expect(connection.status).toEqual(status);
});

test("a malformed message ends the connection, and the next one goes on", () => {
  goLive();
  world.socket.handlers.onMessage(Uint8Array.of(0xc1));
  expect(world.sockets[0]?.isClosed).toBe(true);
  world.pass(250);
  goLive();
});

test("a request without a connection fails in words", async () => {
  await expect(connection.request("list", {})).rejects.toThrow("no connection");
});
