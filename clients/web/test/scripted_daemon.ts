/** A daemon small enough to see through: one session, a log, a ledger of taken inputs, credit, no time. */

import { encode as pack } from "@msgpack/msgpack";
import { decodeClientMessage } from "../src/protocol/codec";
import {
  type Attach,
  type ClientMessage,
  type DaemonMessage,
  decodeFields,
  type Input,
  MAX_OUTPUT_BYTES,
  type Snapshot,
} from "../src/protocol/messages.gen";

export function encodeDaemonMessage(message: DaemonMessage): Uint8Array {
  const { code, fields } = decodeFields[message.type];
  const given = message as unknown as Record<string, unknown>;
  return pack([code, ...fields.map((field) => given[field.name] ?? null)]);
}

export const SESSION = "0000cafe";

interface Attachment {
  readonly channel: number;
  readonly window: number;
  cursor: number;
  acked: number;
  /** A snapshot was not yet acknowledged, */
  owesAck: boolean;
  /** and has so many bytes. */
  owedBytes: number;
  isLive: boolean;
}

/** What outlives connections. */
export class ScriptedDaemon {
  epoch = 1;
  locked = false;
  /** The oldest byte that is still in the log. */
  logStart = 0;
  output: number[] = [];
  /** Whether there are exact screens; here they are simply all the output so far. */
  hasEngine = false;
  /** The size of a Snapshot's parts. */
  partBytes = 5;
  /** The bytes that reached the program. */
  taken: number[] = [];
  readonly #lastSeqs = new Map<string, number>();

  print(text: string): void {
    for (const byte of new TextEncoder().encode(text)) this.output.push(byte);
  }

  lastSeq(clientId: string, channel: number): number {
    return this.#lastSeqs.get(`${clientId} ${channel}`) ?? 0;
  }

  /** The parts of the screen as it is now. */
  takeSnapshot(channel: number): Snapshot[] {
    const offset = this.output.length;
    const parts: Snapshot[] = [];
    for (let start = 0; start < Math.max(1, offset); start += this.partBytes) {
      const data = Uint8Array.from(this.output.slice(start, start + this.partBytes));
      const more = start + this.partBytes < offset;
      parts.push({ type: "Snapshot", channel, offset, cols: 80, rows: 24, data, kind: "screen", more });
    }
    return parts;
  }

  take(clientId: string, input: Input): void {
    const last = this.lastSeq(clientId, input.channel);
    if (input.seq <= last) return;
    if (input.seq !== last + 1) throw new Error(`input ${input.seq} after ${last}`);
    this.#lastSeqs.set(`${clientId} ${input.channel}`, input.seq);
    for (const byte of input.data) this.taken.push(byte);
  }

  connect(): Conversation {
    return new Conversation(this);
  }
}

/** One connection, seen from the daemon. */
export class Conversation {
  /** What the daemon has sent and the client has not received. */
  readonly sent: DaemonMessage[] = [];
  readonly received: ClientMessage[] = [];
  readonly #daemon: ScriptedDaemon;
  readonly #attachments = new Map<number, Attachment>();
  #clientId = "";

  constructor(daemon: ScriptedDaemon) {
    this.#daemon = daemon;
  }

  receive(bytes: Uint8Array): void {
    const message = decodeClientMessage(bytes);
    if (message === null) throw new Error("the client sent what nobody knows");
    this.received.push(message);
    this.#handle(message);
    this.pump();
  }

  /** Sends what output there is credit for. */
  pump(): void {
    for (const attachment of this.#attachments.values()) {
      const credit = attachment.window - (attachment.cursor - attachment.acked) - attachment.owedBytes;
      const end = Math.min(
        this.#daemon.output.length,
        attachment.cursor + Math.max(0, Math.min(credit, MAX_OUTPUT_BYTES)),
      );
      const { channel, cursor: offset } = attachment;
      if (end > offset) {
        const data = Uint8Array.from(this.#daemon.output.slice(offset, end));
        this.sent.push({ type: "Output", channel, offset, data });
        attachment.cursor = end;
      }
      if (!attachment.isLive && end === this.#daemon.output.length) {
        attachment.isLive = true;
        this.sent.push({ type: "Live", channel, offset: end });
      }
    }
  }

  /** Gives every attachment that has acknowledged its last screen a new one. */
  resync(): void {
    for (const attachment of this.#attachments.values()) {
      if (!attachment.owesAck) this.#sendSnapshot(attachment);
    }
  }

  #sendSnapshot(attachment: Attachment): void {
    this.sent.push(...this.#daemon.takeSnapshot(attachment.channel));
    attachment.cursor = this.#daemon.output.length;
    attachment.acked = attachment.cursor;
    attachment.owesAck = true;
    attachment.owedBytes = attachment.cursor;
  }

  #handle(message: ClientMessage): void {
    switch (message.type) {
      case "Hello":
        this.#clientId = message.client_id;
        this.sent.push({
          type: "Welcome",
          version: 1,
          daemon: "scripted",
          principal: "test",
          limits: {},
          heartbeat_seconds: 15,
          rights: null,
          session: null,
        });
        break;
      case "Attach":
        this.#attach(message);
        break;
      case "Input":
        this.#daemon.take(this.#clientId, message);
        this.sent.push({ type: "InputAck", channel: message.channel, seq: message.seq });
        break;
      case "Ack":
        this.#acknowledge(message.channel, message.offset);
        break;
      case "Detach":
        this.#attachments.delete(message.channel);
        this.sent.push({ type: "Detached", channel: message.channel, code: "detached", message: "" });
        break;
      case "Ping":
        this.sent.push({ type: "Pong", nonce: message.nonce });
        break;
      default:
    }
  }

  #attach({ channel, epoch, offset, window = 0, cols, rows }: Attach): void {
    const daemon = this.#daemon;
    const isExact = epoch === daemon.epoch && typeof offset === "number" && offset >= daemon.logStart;
    const isSnapshot = !isExact && daemon.hasEngine;
    const start = isExact ? offset : isSnapshot ? daemon.output.length : daemon.logStart;
    this.sent.push({
      type: "Attached",
      channel,
      session: SESSION,
      name: "scripted",
      epoch: daemon.epoch,
      mode: isSnapshot ? "snapshot" : isExact || start === 0 ? "exact" : "tail",
      offset: start,
      cols,
      rows,
      controller: this.#clientId,
      yours: true,
      input_seq: daemon.lastSeq(this.#clientId, channel),
      answers: daemon.hasEngine,
      locked: daemon.locked,
    });
    const attachment = {
      channel,
      window,
      cursor: start,
      acked: start,
      owesAck: false,
      owedBytes: 0,
      isLive: false,
    };
    this.#attachments.set(channel, attachment);
    if (isSnapshot) this.#sendSnapshot(attachment);
  }

  #acknowledge(channel: number, offset: number): void {
    const attachment = this.#attachments.get(channel);
    if (attachment === undefined) throw new Error("Ack of a channel that is not attached");
    if (offset > attachment.cursor) throw new Error("Ack of what was never sent");
    if (attachment.owesAck && offset >= attachment.acked) {
      attachment.owesAck = false;
      attachment.owedBytes = 0;
    } else if (offset <= attachment.acked) {
      // It may have crossed a snapshot.
      if (!this.#daemon.hasEngine) throw new Error("Ack of what was acknowledged before");
      return;
    }
    attachment.acked = offset;
  }
}
