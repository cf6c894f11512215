/** Keeps one client connected: opens sockets, waits between attempts, notices dead ones, answers requests. */

import type { ChannelOptions, ChannelState, Size } from "../protocol/channel_state";
import { decodeResult } from "../protocol/codec";
import { type ClientIdentity, type ConnectionEvent, ConnectionState } from "../protocol/connection_state";
import { ProtocolError, RequestFailure } from "../protocol/errors";
import { ErrorCode, HELLO_TIMEOUT_SECONDS, type MethodName, type Methods } from "../protocol/messages.gen";
import { Backoff } from "./backoff";
import { readCloseCode } from "./close_reasons";
import type { Environment, Socket } from "./environment";
import { Heartbeat, PROBE_DEADLINE_MS, TICK_MS } from "./heartbeat";
import type { ConnectionStatus } from "./status";

interface PendingRequest {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** What the connection tells its owner. */
export interface ConnectionListener {
  onStatus(status: ConnectionStatus): void;
  /** Every event but replies and failures, which settle promises. */
  onEvent(event: ConnectionEvent): void;
}

const CONNECT_TIMEOUT_MS = HELLO_TIMEOUT_SECONDS * 1000;

export class Connection {
  readonly #environment: Environment;
  readonly #listener: ConnectionListener;
  readonly #state: ConnectionState;
  readonly #backoff: Backoff;
  readonly #heartbeat = new Heartbeat();
  readonly #pending = new Map<number, PendingRequest>();
  #waiting: (() => void)[] = [];
  #status: ConnectionStatus = { kind: "connecting" };
  #socket: Socket | null = null;
  #cancelTimer: () => void = () => {};

  constructor(identity: ClientIdentity, environment: Environment, listener: ConnectionListener) {
    this.#environment = environment;
    this.#listener = listener;
    this.#state = new ConnectionState(identity);
    this.#backoff = new Backoff(environment.random);
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** Whether requests can be made. */
  get isReady(): boolean {
    return this.#state.phase === "ready";
  }

  /** Resolves when requests can be made: now, or on the next connection. */
  onceReady(): Promise<void> {
    return this.isReady ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  start(): void {
    this.#connect();
  }

  /** The page woke up, came to the foreground or found a network: trust nothing, find out now. */
  probe(): void {
    if (this.#status.kind === "taken_over" || this.#status.kind === "stopped") return;
    if (this.#status.kind === "logged_out") void this.#recheckLogin();
    else if (this.#socket === null) this.reconnect();
    else if (this.#state.phase === "ready") this.#sendProbe();
  }

  /** Connect now, whatever the reason for not being connected. */
  reconnect(): void {
    if (this.#socket !== null) return;
    this.#backoff.reset();
    this.#connect();
  }

  /** @throws RequestFailure the daemon refuses, or the connection is not there or breaks. */
  request<M extends MethodName>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]> {
    if (this.#state.phase !== "ready") {
      return Promise.reject(
        new RequestFailure(ErrorCode.UNAVAILABLE, "There is no connection to the daemon."),
      );
    }
    return new Promise((resolve, reject) => {
      const id = this.#state.request(method, params as Record<string, unknown>);
      this.#pending.set(id, {
        resolve: (result) => {
          try {
            resolve(decodeResult(method, result));
          } catch (error) {
            reject(error);
          }
        },
        reject,
      });
      this.#flush();
    });
  }

  attach(session: string, size: Size, options: ChannelOptions = {}): ChannelState {
    const channel = this.#state.attach(session, size, options);
    this.#flush();
    return channel;
  }

  /** Runs an action on a channel and sends what follows from it. */
  act(action: () => void): void {
    action();
    this.#flush();
  }

  detach(channel: ChannelState): void {
    this.#state.close(channel);
    this.#flush();
  }

  // --- the life of a socket ---

  #connect(): void {
    this.#cancelTimer();
    if (this.#status.kind !== "connecting" && this.#environment.isOnline()) {
      this.#setStatus({ kind: "reconnecting", retryAtMs: null, attempt: this.#backoff.attempt });
    }
    let isCurrent = true;
    const whileCurrent =
      <Args extends unknown[]>(action: (...args: Args) => void) =>
      (...args: Args): void => {
        if (isCurrent) action(...args);
      };
    const socket = this.#environment.openSocket({
      onOpen: whileCurrent(() => this.#openSocket()),
      onMessage: whileCurrent((data: Uint8Array) => this.#receive(data)),
      onClose: whileCurrent((code: number, reason: string) => this.#loseSocket(code, reason)),
    });
    this.#socket = {
      send: (data) => socket.send(data),
      close: () => {
        isCurrent = false;
        socket.close();
      },
    };
    this.#cancelTimer = this.#environment.schedule(CONNECT_TIMEOUT_MS, () => this.#dropSocket());
  }

  #openSocket(): void {
    this.#state.openSocket();
    this.#flush();
  }

  #receive(data: Uint8Array): void {
    this.#heartbeat.hear(this.#environment.now());
    if (this.#status.kind === "checking") this.#setStatus({ kind: "live" });
    try {
      for (const event of this.#state.receive(data)) this.#handle(event);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#dropSocket();
      return;
    }
    this.#flush();
  }

  #handle(event: ConnectionEvent): void {
    if (event.type === "reply") this.#settle(event.id, (pending) => pending.resolve(event.result));
    else if (event.type === "failure") {
      this.#settle(event.id, (pending) => pending.reject(new RequestFailure(event.code, event.message)));
    } else {
      if (event.type === "ready") this.#becomeReady();
      this.#listener.onEvent(event);
    }
  }

  #becomeReady(): void {
    this.#backoff.reset();
    this.#heartbeat.start(this.#environment.now());
    this.#cancelTimer();
    this.#scheduleTick();
    this.#setStatus({ kind: "live" });
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #settle(id: number, action: (pending: PendingRequest) => void): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (pending !== undefined) action(pending);
  }

  #flush(): void {
    for (const data of this.#state.takeOutgoing()) this.#socket?.send(data);
  }

  /** Gives up a socket that is of no more use, without waiting for its end. */
  #dropSocket(): void {
    this.#socket?.close();
    this.#loseSocket(1006, "");
  }

  #loseSocket(code: number, reason: string): void {
    const wasReady = this.#state.phase === "ready";
    this.#socket = null;
    this.#cancelTimer();
    for (const event of this.#state.loseSocket()) this.#handle(event);
    const end = readCloseCode(code, reason);
    if (end !== null) this.#setStatus(end);
    else if (wasReady) this.#waitToRetry();
    else void this.#diagnoseFailure();
  }

  async #diagnoseFailure(): Promise<void> {
    const login = await this.#environment.checkLogin();
    if (this.#socket !== null) return;
    if (login === "refused") this.#setStatus({ kind: "logged_out" });
    else this.#waitToRetry();
  }

  async #recheckLogin(): Promise<void> {
    if ((await this.#environment.checkLogin()) === "accepted") this.reconnect();
  }

  #waitToRetry(): void {
    const delayMs = this.#backoff.takeDelayMs();
    if (this.#environment.isOnline()) {
      const retryAtMs = this.#environment.now() + delayMs;
      this.#setStatus({ kind: "reconnecting", retryAtMs, attempt: this.#backoff.attempt });
    } else {
      // The daemon may be on this very machine: go on trying in spite of what the browser believes.
      this.#setStatus({ kind: "offline" });
    }
    this.#cancelTimer = this.#environment.schedule(delayMs, () => this.#connect());
  }

  // --- heartbeat ---

  #scheduleTick(): void {
    this.#cancelTimer = this.#environment.schedule(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    const verdict = this.#heartbeat.tick(this.#environment.now());
    if (verdict === "dead") {
      this.#dropSocket();
      return;
    }
    if (verdict === "probe") this.#sendProbe();
    else if (verdict === "ping") this.#sendPing();
    this.#scheduleTick();
  }

  #sendPing(deadlineMs?: number): void {
    this.#state.ping();
    this.#heartbeat.expectPong(this.#environment.now(), deadlineMs);
    this.#flush();
  }

  #sendProbe(): void {
    this.#setStatus({ kind: "checking" });
    this.#sendPing(PROBE_DEADLINE_MS);
  }

  #setStatus(status: ConnectionStatus): void {
    this.#status = status;
    this.#listener.onStatus(status);
  }
}
