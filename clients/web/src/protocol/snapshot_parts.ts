/** The parts of a Snapshot become one. */

import { ProtocolError } from "./errors";
import type { DaemonMessage, Snapshot } from "./messages.gen";

/** These have a place in the output. */
const PLACED: ReadonlySet<DaemonMessage["type"]> = new Set(["Output", "Resized", "Live", "Exited"]);

export class SnapshotParts {
  #isDue = false;
  #parts: Snapshot[] = [];

  /** Whether nothing that has a place in the output may come before a Snapshot. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** Attached has promised one. */
  expect(): void {
    this.#isDue = true;
  }

  /** The connection is gone, and with it the rest. */
  forget(): void {
    this.#isDue = false;
    this.#parts = [];
  }

  /** @throws ProtocolError the message may not come now. */
  check(message: DaemonMessage): void {
    if (this.#isDue && PLACED.has(message.type)) {
      throw new ProtocolError(`${message.type} where a Snapshot was due`);
    }
  }

  /**
   * The data of the whole of which `part` is the last; null: more have to come.
   *
   * @throws ProtocolError it is a part of another one.
   */
  add(part: Snapshot): Uint8Array | null {
    const [first] = this.#parts;
    if (first !== undefined && !isSame(first, part)) {
      throw new ProtocolError(`a Snapshot of byte ${part.offset} within that of byte ${first.offset}`);
    }
    this.#parts.push(part);
    this.#isDue = part.more;
    if (part.more) return null;
    const parts = this.#parts;
    this.#parts = [];
    return parts.length === 1 ? part.data : join(parts.map(({ data }) => data));
  }
}

function isSame(first: Snapshot, part: Snapshot): boolean {
  return (
    first.offset === part.offset &&
    first.cols === part.cols &&
    first.rows === part.rows &&
    first.kind === part.kind
  );
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let end = 0;
  for (const chunk of chunks) {
    whole.set(chunk, end);
    end += chunk.length;
  }
  return whole;
}
