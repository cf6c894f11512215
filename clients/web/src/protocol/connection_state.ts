/**
 * One client of the daemon, sans I/O, over any number of connections one after the other.
 *
 * The owner says when a socket has opened and closed, hands in what it received, sends what `takeOutgoing` gives, and
 * acts on the events. Channels outlive a connection; requests do not.
 */

import { type ChannelEvent, type ChannelOptions, ChannelState, type Size } from "./channel_state";
import { decodeDaemonMessage, encodeMessage } from "./codec";
import { ProtocolError } from "./errors";
import {
  type ClientMessage,
  type DaemonMessage,
  ErrorCode,
  type Event,
  PROTOCOL_VERSION,
  type Welcome,
} from "./messages.gen";

export type ConnectionPhase = "closed" | "greeting" | "ready";

export type ConnectionEvent =
  | { readonly type: "ready"; readonly welcome: Welcome }
  | { readonly type: "reply"; readonly id: number; readonly result: unknown }
  | { readonly type: "failure"; readonly id: number; readonly code: string; readonly message: string }
  | { readonly type: "channel"; readonly channel: ChannelState; readonly event: ChannelEvent }
  | { readonly type: "event"; readonly event: Event }
  | { readonly type: "pong"; readonly nonce: number };

export interface ClientIdentity {
  /** What `ptyd status` shows. */
  readonly name: string;
  /** Stable over reconnects; no two connections at a time share it. */
  readonly id: string;
  /** A channel number never used before under this id. */
  takeChannelNumber(): number;
}

export class ConnectionState {
  readonly #identity: ClientIdentity;
  readonly #channels = new Map<number, ChannelState>();
  readonly #pendingRequests = new Set<number>();
  #phase: ConnectionPhase = "closed";
  #outgoing: Uint8Array<ArrayBuffer>[] = [];
  #lastRequestId = 0;
  #lastNonce = 0;

  constructor(identity: ClientIdentity) {
    this.#identity = identity;
  }

  get phase(): ConnectionPhase {
    return this.#phase;
  }

  /** What to send now, in order; each item is one binary message. */
  takeOutgoing(): Uint8Array<ArrayBuffer>[] {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    return outgoing;
  }

  // --- the socket ---

  openSocket(): void {
    this.#phase = "greeting";
    this.#outgoing = [];
    const { name, id } = this.#identity;
    this.#send({ type: "Hello", versions: [PROTOCOL_VERSION], client: name, client_id: id });
  }

  /** The socket is gone: requests without an answer have failed, channels wait for the next one. */
  loseSocket(): ConnectionEvent[] {
    this.#phase = "closed";
    this.#outgoing = [];
    for (const channel of this.#channels.values()) channel.loseConnection();
    this.#forgetDoneChannels();
    const lost = [...this.#pendingRequests];
    this.#pendingRequests.clear();
    const message = "the connection was lost before the answer came";
    return lost.map((id) => ({ type: "failure", id, code: ErrorCode.UNAVAILABLE, message }));
  }

  /**
   * What follows from one message of the daemon.
   *
   * @throws ProtocolError the message is malformed or out of order: close the socket.
   */
  receive(bytes: Uint8Array): ConnectionEvent[] {
    const message = decodeDaemonMessage(bytes);
    if (message === null) return [];
    if (message.type === "Welcome") return this.#receiveWelcome(message);
    if (this.#phase !== "ready") throw new ProtocolError(`${message.type} before Welcome`);
    return this.#receiveReady(message);
  }

  #receiveWelcome(welcome: Welcome): ConnectionEvent[] {
    if (this.#phase !== "greeting") throw new ProtocolError("a second Welcome");
    this.#phase = "ready";
    for (const channel of this.#channels.values()) channel.openConnection();
    return [{ type: "ready", welcome }];
  }

  #receiveReady(message: Exclude<DaemonMessage, Welcome>): ConnectionEvent[] {
    switch (message.type) {
      case "Reply":
        if (!this.#pendingRequests.delete(message.id)) return [];
        return [{ type: "reply", id: message.id, result: message.result }];
      case "Failure":
        if (!this.#pendingRequests.delete(message.id)) return [];
        return [{ type: "failure", id: message.id, code: message.code, message: message.message }];
      case "Event":
        return [{ type: "event", event: message }];
      case "Pong":
        return [{ type: "pong", nonce: message.nonce }];
      default:
        return this.#receiveChannel(message);
    }
  }

  #receiveChannel(message: Extract<DaemonMessage, { readonly channel: number }>): ConnectionEvent[] {
    // A channel that this end has closed may still have messages on their way.
    const channel = this.#channels.get(message.channel);
    if (channel === undefined) return [];
    const events = channel.receive(message);
    this.#forgetDoneChannels();
    return events.map((event) => ({ type: "channel", channel, event }));
  }

  // --- what the user does ---

  /** Sends a request and gives its id; a reply or failure event with the same id follows. Needs phase "ready". */
  request(method: string, params: Record<string, unknown>): number {
    if (this.#phase !== "ready") throw new Error("no request without a connection");
    const id = this.#lastRequestId + 1;
    this.#send({ type: "Request", id, method, params });
    this.#lastRequestId = id;
    this.#pendingRequests.add(id);
    return id;
  }

  /** Opens a channel onto a session, now or as soon as a connection is up. */
  attach(session: string, size: Size, options: ChannelOptions = {}): ChannelState {
    const number = this.#identity.takeChannelNumber();
    const channel = new ChannelState(number, session, size, (message) => this.#send(message), options);
    this.#channels.set(number, channel);
    if (this.#phase === "ready") channel.openConnection();
    return channel;
  }

  close(channel: ChannelState): void {
    channel.close();
    this.#forgetDoneChannels();
  }

  /** Sends a Ping and gives its nonce. */
  ping(): number {
    this.#lastNonce += 1;
    this.#send({ type: "Ping", nonce: this.#lastNonce });
    return this.#lastNonce;
  }

  #send(message: ClientMessage): void {
    if (this.#phase !== "closed") this.#outgoing.push(encodeMessage(message));
  }

  #forgetDoneChannels(): void {
    for (const [number, channel] of this.#channels) {
      if (channel.isDone) this.#channels.delete(number);
    }
  }
}
