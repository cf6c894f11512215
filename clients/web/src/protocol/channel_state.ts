/** One attachment, sans I/O: resumes by epoch and offset, acknowledges what was parsed, loses no key. */

import { ProtocolError } from "./errors";
import { InputQueue } from "./input_queue";
import {
  ACK_FRACTION,
  type Attached,
  type ClientMessage,
  type DaemonMessage,
  DEFAULT_WINDOW_BYTES,
  type Output,
  type Snapshot,
} from "./messages.gen";

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

/** Which output has been consumed, to be handed back to `consume` once the terminal has parsed it. */
export interface OutputMark {
  /** Counts resets: a mark from before a reset means nothing after it. */
  readonly generation: number;
  readonly end: number;
}

/**
 * "offline": no connection, will attach by itself. "attaching": asked, no answer yet. "replaying": output from before
 * the attach. "live": output as it happens. "ended": exited, refused or detached; nothing follows.
 */
export type ChannelPhase = "offline" | "attaching" | "replaying" | "live" | "ended";

/** What the terminal has to do, in this order. */
export type ChannelEvent =
  | { readonly type: "attached"; readonly session: string; readonly name: string }
  | { readonly type: "reset"; readonly size: Size; readonly fromStart: boolean }
  | { readonly type: "output"; readonly data: Uint8Array; readonly mark: OutputMark }
  | { readonly type: "resized"; readonly size: Size }
  | { readonly type: "live" }
  | { readonly type: "control"; readonly yours: boolean; readonly controller: string | null }
  | { readonly type: "input_taken" }
  | { readonly type: "exited"; readonly code: number | null; readonly signal: number | null }
  | { readonly type: "detached"; readonly code: string; readonly message: string };

/** The messages of the daemon that belong to a channel. */
export type ChannelMessage = Extract<DaemonMessage, { readonly channel: number }>;

export class ChannelState {
  readonly number: number;
  readonly #send: (message: ClientMessage) => void;
  readonly #inputs: InputQueue;
  readonly #windowBytes: number;
  #session: string;
  #size: Size;
  /** What the daemon was last told over this connection. */
  #sentSize: Size;
  #phase: ChannelPhase = "offline";
  #isClosing = false;
  #yours = false;
  #epoch: number | null = null;
  #nextOffset = 0;
  #consumedOffset = 0;
  #ackedOffset = 0;
  #generation = 0;

  /** `send` is called only while a connection is up. */
  constructor(
    number: number,
    session: string,
    size: Size,
    send: (message: ClientMessage) => void,
    windowBytes: number = DEFAULT_WINDOW_BYTES,
  ) {
    this.number = number;
    this.#session = session;
    this.#size = size;
    this.#sentSize = size;
    this.#send = send;
    this.#inputs = new InputQueue(number);
    this.#windowBytes = windowBytes;
  }

  get phase(): ChannelPhase {
    return this.#phase;
  }

  /** Whether this attachment sizes the PTY. */
  get yours(): boolean {
    return this.#yours;
  }

  /** Bytes of input that the daemon has not yet taken. */
  get pendingInputBytes(): number {
    return this.#inputs.pendingBytes;
  }

  /** Whether nothing keeps this channel any more: it may be forgotten. */
  get isDone(): boolean {
    return this.#phase === "ended" || (this.#isClosing && this.#phase === "offline" && this.#inputs.isEmpty);
  }

  // --- what the user does ---

  write(data: Uint8Array): void {
    if (this.#phase === "ended" || this.#isClosing) return;
    this.#inputs.push(data);
    this.#flushInputs();
  }

  /** The size this attachment would like. */
  resize(size: Size): void {
    this.#size = size;
    this.#sendSize();
  }

  takeControl(size: Size): void {
    this.#size = size;
    if (!this.#isAttached) return;
    this.#sentSize = size;
    this.#send({ type: "TakeControl", channel: this.number, ...size });
  }

  /** The terminal has parsed the output up to the mark. */
  consume(mark: OutputMark): void {
    if (mark.generation !== this.#generation) return;
    this.#consumedOffset = Math.max(this.#consumedOffset, mark.end);
    this.#acknowledgeOutput();
  }

  /** Detach, as soon as the last key has been taken. */
  close(): void {
    this.#isClosing = true;
    this.#detachIfFlushed();
  }

  // --- what the connection does ---

  /** A connection is up: attach, or take up where the last one broke off. */
  openConnection(): void {
    if (this.#phase !== "offline") return;
    this.#phase = "attaching";
    this.#sentSize = this.#size;
    this.#send({
      type: "Attach",
      channel: this.number,
      session: this.#session,
      role: "control",
      ...this.#size,
      epoch: this.#epoch,
      offset: this.#epoch === null ? null : this.#nextOffset,
      window: this.#windowBytes,
    });
  }

  loseConnection(): void {
    if (this.#phase !== "ended") this.#phase = "offline";
  }

  /**
   * What the terminal has to do about a message of this channel.
   *
   * @throws ProtocolError the message does not fit the state.
   */
  receive(message: ChannelMessage): ChannelEvent[] {
    if (this.#phase === "ended") return [];
    if (message.type === "Detached")
      return this.#end({ type: "detached", code: message.code, message: message.message });
    if (message.type === "Attached") return this.#receiveAttached(message);
    if (!this.#isAttached) throw new ProtocolError(`${message.type} before Attached`);
    switch (message.type) {
      case "Output":
        return this.#receiveOutput(message);
      case "Snapshot":
        return this.#receiveSnapshot(message);
      case "Resized":
        return [{ type: "resized", size: { cols: message.cols, rows: message.rows } }];
      case "Live":
        this.#phase = "live";
        return [{ type: "live" }];
      case "ControlChanged":
        this.#yours = message.yours;
        return [{ type: "control", yours: message.yours, controller: message.controller }];
      case "InputAck":
        this.#inputs.acknowledge(message.seq);
        this.#flushInputs();
        this.#detachIfFlushed();
        return [{ type: "input_taken" }];
      case "Exited":
        return this.#end({ type: "exited", code: message.code, signal: message.signal });
    }
  }

  get #isAttached(): boolean {
    return this.#phase === "replaying" || this.#phase === "live";
  }

  #receiveAttached(message: Attached): ChannelEvent[] {
    if (this.#phase !== "attaching") throw new ProtocolError("Attached without Attach");
    const isResumed =
      message.mode === "exact" && message.epoch === this.#epoch && message.offset === this.#nextOffset;
    this.#phase = "replaying";
    this.#epoch = message.epoch;
    // The name may change or be taken by another session; the id stays.
    this.#session = message.session;
    this.#yours = message.yours;
    this.#ackedOffset = message.offset;
    const size = { cols: message.cols, rows: message.rows };
    const events: ChannelEvent[] = [{ type: "attached", session: message.session, name: message.name }];
    if (isResumed) events.push({ type: "resized", size });
    else events.push(this.#reset(message.offset, size, message.mode === "exact"));
    events.push({ type: "control", yours: message.yours, controller: message.controller });
    this.#sendSize();
    this.#inputs.restart(message.input_seq);
    this.#flushInputs();
    this.#detachIfFlushed();
    return events;
  }

  #receiveOutput(message: Output): ChannelEvent[] {
    if (message.offset > this.#nextOffset) {
      throw new ProtocolError(`output is missing: offset ${message.offset}, wanted ${this.#nextOffset}`);
    }
    const data = message.data.subarray(this.#nextOffset - message.offset);
    if (data.length === 0) return [];
    this.#nextOffset += data.length;
    const mark = { generation: this.#generation, end: this.#nextOffset };
    if (!this.#isClosing) return [{ type: "output", data, mark }];
    // Nobody looks any more: what comes before the detachment counts as consumed.
    this.consume(mark);
    return [];
  }

  #receiveSnapshot(message: Snapshot): ChannelEvent[] {
    const reset = this.#reset(message.offset, { cols: message.cols, rows: message.rows }, false);
    if (message.data.length === 0) return [reset];
    const mark = { generation: this.#generation, end: message.offset };
    return [reset, { type: "output", data: message.data, mark }];
  }

  #reset(offset: number, size: Size, fromStart: boolean): ChannelEvent {
    this.#generation += 1;
    this.#nextOffset = offset;
    this.#consumedOffset = offset;
    this.#ackedOffset = offset;
    return { type: "reset", size, fromStart };
  }

  #acknowledgeOutput(): void {
    if (!this.#isAttached || this.#consumedOffset <= this.#ackedOffset) return;
    const isDue = this.#consumedOffset - this.#ackedOffset >= this.#windowBytes / ACK_FRACTION;
    if (!isDue && this.#consumedOffset < this.#nextOffset) return;
    this.#ackedOffset = this.#consumedOffset;
    this.#send({ type: "Ack", channel: this.number, offset: this.#consumedOffset });
  }

  #sendSize(): void {
    const isKnown = this.#size.cols === this.#sentSize.cols && this.#size.rows === this.#sentSize.rows;
    if (isKnown || !this.#isAttached) return;
    this.#sentSize = this.#size;
    this.#send({ type: "Resize", channel: this.number, ...this.#size });
  }

  #flushInputs(): void {
    if (!this.#isAttached) return;
    for (const input of this.#inputs.takeSendable()) this.#send(input);
  }

  #detachIfFlushed(): void {
    if (!this.#isClosing || !this.#isAttached || !this.#inputs.isEmpty) return;
    this.#send({ type: "Detach", channel: this.number });
    this.#phase = "ended";
  }

  #end(event: ChannelEvent): ChannelEvent[] {
    this.#phase = "ended";
    this.#yours = false;
    return [event];
  }
}
