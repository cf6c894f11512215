/** One attachment, sans I/O: resumes by epoch and offset, acknowledges what was parsed, loses no key. */

import { ProtocolError } from "./errors";
import { InputQueue } from "./input_queue";
import {
  ACK_FRACTION,
  type Appearance,
  type Attached,
  type ClientMessage,
  type ControlChanged,
  type DaemonMessage,
  DEFAULT_SCROLLBACK_LINES,
  DEFAULT_WINDOW_BYTES,
  type Output,
  type Snapshot,
} from "./messages.gen";
import { SnapshotParts } from "./snapshot_parts";

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

/** Which output has been consumed, to be handed back to `consume` once the terminal has parsed it. */
export interface OutputMark {
  /** Counts resets: a mark from before a reset means nothing after it. */
  readonly generation: number;
  readonly end: number;
  /** It is that of a screen, which is acknowledged whatever was before. */
  readonly isScreen: boolean;
}

/** What a terminal looks like; what is missing is unknown. */
export type TerminalAppearance = Omit<Appearance, "type" | "channel">;

export interface ChannelOptions {
  readonly windowBytes?: number;
  /** Lines above the screen. */
  readonly scrollback?: number;
  readonly hidden?: boolean;
  /** Only looks: it neither types nor sizes. */
  readonly isObserver?: boolean;
  /** Bytes of earlier output to begin with, where there is no exact screen. */
  readonly history?: number;
  readonly appearance?: TerminalAppearance;
}

/**
 * "offline": no connection, will attach by itself. "attaching": asked, no answer yet. "replaying": output from before
 * the attach. "live": output as it happens. "ended": exited, refused or detached; nothing follows.
 */
export type ChannelPhase = "offline" | "attaching" | "replaying" | "live" | "ended";

/** What the terminal has to do, in this order. */
export type ChannelEvent =
  /** `answers`: the daemon answers the program's questions; this client must not. */
  | { readonly type: "attached"; readonly session: string; readonly name: string; readonly answers: boolean }
  | { readonly type: "reset"; readonly size: Size; readonly fromStart: boolean }
  /** Reset to `size`, then write `data` (maybe empty), then `consume` the mark. It takes the place of all before. */
  | { readonly type: "screen"; readonly size: Size; readonly data: Uint8Array; readonly mark: OutputMark }
  | { readonly type: "output"; readonly data: Uint8Array; readonly mark: OutputMark }
  | { readonly type: "resized"; readonly size: Size }
  | { readonly type: "live" }
  | ControlEvent
  | { readonly type: "input_taken" }
  | {
      readonly type: "exited";
      readonly code: number | null;
      readonly signal: number | null;
      /** Why the daemon ended it; "": it did not. */
      readonly reason: string;
    }
  | { readonly type: "detached"; readonly code: string; readonly message: string };

interface ControlEvent {
  readonly type: "control";
  readonly yours: boolean;
  readonly controller: string | null;
  /** Typing does not take control. */
  readonly locked: boolean;
}

/** The messages of the daemon that belong to a channel. */
export type ChannelMessage = Extract<DaemonMessage, { readonly channel: number }>;

export class ChannelState {
  readonly number: number;
  readonly #send: (message: ClientMessage) => void;
  readonly #inputs: InputQueue;
  readonly #windowBytes: number;
  readonly #snapshot = new SnapshotParts();
  #session: string;
  #size: Size;
  /** What the daemon was last told over this connection. */
  #sentSize: Size;
  #phase: ChannelPhase = "offline";
  readonly #isObserver: boolean;
  readonly #history: number | null;
  #isClosing = false;
  #yours = false;
  #answers = false;
  #locked = false;
  #scrollback: number;
  #hidden: boolean;
  /** What the daemon was last told over this connection. */
  #sentHidden: boolean;
  #appearance: TerminalAppearance | null;
  #epoch: number | null = null;
  #nextOffset = 0;
  #consumedOffset = 0;
  #ackedOffset = 0;
  #generation = 0;
  /** A screen came over this connection that was not yet acknowledged. */
  #owesScreenAck = false;

  /** `send` is called only while a connection is up. */
  constructor(
    number: number,
    session: string,
    size: Size,
    send: (message: ClientMessage) => void,
    options: ChannelOptions = {},
  ) {
    this.number = number;
    this.#session = session;
    this.#size = size;
    this.#sentSize = size;
    this.#send = send;
    this.#inputs = new InputQueue(number);
    this.#windowBytes = options.windowBytes ?? DEFAULT_WINDOW_BYTES;
    this.#scrollback = options.scrollback ?? DEFAULT_SCROLLBACK_LINES;
    this.#hidden = options.hidden ?? false;
    this.#sentHidden = this.#hidden;
    this.#isObserver = options.isObserver ?? false;
    this.#history = options.history ?? null;
    this.#appearance = options.appearance ?? null;
  }

  get phase(): ChannelPhase {
    return this.#phase;
  }

  /** Whether this attachment sizes the PTY. */
  get yours(): boolean {
    return this.#yours;
  }

  /** Whether the daemon answers what the program asks its terminal; then nobody here may. */
  get answers(): boolean {
    return this.#answers;
  }

  /** Whether typing does not take control. */
  get locked(): boolean {
    return this.#locked;
  }

  get hidden(): boolean {
    return this.#hidden;
  }

  get scrollback(): number {
    return this.#scrollback;
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
    if (this.#phase === "ended" || this.#isClosing || this.#isObserver) return;
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
    if (!this.#isAttached || this.#isObserver) return;
    this.#sentSize = size;
    this.#send({ type: "TakeControl", channel: this.number, ...size });
  }

  /** Whether nobody looks; told again with every Attach. */
  setHidden(hidden: boolean): void {
    this.#hidden = hidden;
    if (!this.#isAttached || this.#isClosing || hidden === this.#sentHidden) return;
    this.#sentHidden = hidden;
    this.#send({ type: "Visibility", channel: this.number, hidden });
  }

  /** What the terminal looks like; told again behind every Attached. */
  setAppearance(appearance: TerminalAppearance): void {
    this.#appearance = appearance;
    this.#sendAppearance();
  }

  /** How many lines above the screen the next Attach asks for. */
  setScrollback(lines: number): void {
    this.#scrollback = lines;
  }

  /** The terminal has parsed the output, or the screen, up to the mark. */
  consume(mark: OutputMark): void {
    if (mark.generation !== this.#generation) return;
    if (this.#owesScreenAck) {
      if (!mark.isScreen && mark.end <= this.#ackedOffset) return;
      this.#owesScreenAck = false;
      this.#sendAck(this.#ackedOffset);
    }
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
    this.#sentHidden = this.#hidden;
    this.#send({
      type: "Attach",
      channel: this.number,
      session: this.#session,
      role: this.#isObserver ? "observe" : "control",
      ...this.#size,
      epoch: this.#epoch,
      offset: this.#epoch === null ? null : this.#nextOffset,
      window: this.#windowBytes,
      history: this.#history,
      scrollback: this.#scrollback,
      hidden: this.#hidden,
    });
  }

  loseConnection(): void {
    this.#owesScreenAck = false;
    // The terminal cannot go on from a screen that came in part: the next Attach asks for a whole one.
    if (this.#snapshot.isDue) this.#epoch = null;
    this.#snapshot.forget();
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
    this.#snapshot.check(message);
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
        return [this.#receiveControl(message)];
      case "InputAck":
        this.#inputs.acknowledge(message.seq);
        this.#flushInputs();
        this.#detachIfFlushed();
        return [{ type: "input_taken" }];
      case "Exited":
        return this.#end({
          type: "exited",
          code: message.code,
          signal: message.signal,
          reason: message.reason,
        });
    }
  }

  get #isAttached(): boolean {
    return this.#phase === "replaying" || this.#phase === "live";
  }

  #receiveAttached(message: Attached): ChannelEvent[] {
    if (this.#phase !== "attaching") throw new ProtocolError("Attached without Attach");
    const isExact = message.mode === "exact";
    const isResumed = isExact && message.epoch === this.#epoch && message.offset === this.#nextOffset;
    this.#phase = "replaying";
    this.#epoch = message.epoch;
    // The name may change or be taken by another session; the id stays.
    this.#session = message.session;
    this.#answers = message.answers;
    this.#ackedOffset = message.offset;
    const size = { cols: message.cols, rows: message.rows };
    const { session, name, answers } = message;
    const events: ChannelEvent[] = [{ type: "attached", session, name, answers }];
    if (isResumed) {
      events.push({ type: "resized", size });
    } else {
      this.#jump(message.offset);
      // What the terminal shows stays until the screen comes: never a blank one.
      if (message.mode === "snapshot") this.#snapshot.expect();
      else events.push({ type: "reset", size, fromStart: isExact });
    }
    events.push(this.#receiveControl(message));
    this.#sendSize();
    this.#sendAppearance();
    this.setHidden(this.#hidden);
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
    const mark = { generation: this.#generation, end: this.#nextOffset, isScreen: false };
    if (!this.#isClosing) return [{ type: "output", data, mark }];
    // Nobody looks any more: what comes before the detachment counts as consumed.
    this.consume(mark);
    return [];
  }

  #receiveSnapshot(message: Snapshot): ChannelEvent[] {
    const data = this.#snapshot.add(message);
    if (data === null) return [];
    this.#jump(message.offset);
    this.#owesScreenAck = true;
    const mark = { generation: this.#generation, end: message.offset, isScreen: true };
    const size = { cols: message.cols, rows: message.rows };
    if (!this.#isClosing) return [{ type: "screen", size, data, mark }];
    this.consume(mark);
    return [];
  }

  #receiveControl(message: Attached | ControlChanged): ControlEvent {
    const { yours, controller, locked } = message;
    this.#yours = yours;
    this.#locked = locked;
    return { type: "control", yours, controller, locked };
  }

  /** The output goes on somewhere else, which counts as acknowledged. */
  #jump(offset: number): void {
    this.#generation += 1;
    this.#nextOffset = offset;
    this.#consumedOffset = offset;
    this.#ackedOffset = offset;
    this.#owesScreenAck = false;
  }

  #acknowledgeOutput(): void {
    if (!this.#isAttached || this.#consumedOffset <= this.#ackedOffset) return;
    const isDue = this.#consumedOffset - this.#ackedOffset >= this.#windowBytes / ACK_FRACTION;
    if (!isDue && this.#consumedOffset < this.#nextOffset) return;
    this.#ackedOffset = this.#consumedOffset;
    this.#sendAck(this.#consumedOffset);
  }

  #sendAck(offset: number): void {
    if (this.#isAttached) this.#send({ type: "Ack", channel: this.number, offset });
  }

  #sendAppearance(): void {
    if (this.#appearance === null || !this.#isAttached || this.#isClosing) return;
    this.#send({ type: "Appearance", channel: this.number, ...this.#appearance });
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
