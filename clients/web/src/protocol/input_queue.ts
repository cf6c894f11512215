/** The keys of one channel: numbered, kept until acknowledged, sent again after a reconnect. */

import { type Input, MAX_INPUT_BYTES, MAX_UNACKED_INPUT_BYTES } from "./messages.gen";

interface QueuedInput {
  readonly seq: number;
  readonly data: Uint8Array;
}

export class InputQueue {
  readonly #channel: number;
  #queue: QueuedInput[] = [];
  /** How many of the queue's first inputs are on their way over the present connection. */
  #sentCount = 0;
  #sentBytes = 0;
  #nextSeq = 1;

  constructor(channel: number) {
    this.#channel = channel;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Bytes that the daemon has not yet taken. */
  get pendingBytes(): number {
    return this.#queue.reduce((sum, input) => sum + input.data.length, 0);
  }

  push(data: Uint8Array): void {
    for (let start = 0; start < data.length; start += MAX_INPUT_BYTES) {
      this.#queue.push({ seq: this.#nextSeq, data: data.slice(start, start + MAX_INPUT_BYTES) });
      this.#nextSeq += 1;
    }
  }

  /** The daemon has taken everything up to `seq`. */
  acknowledge(seq: number): void {
    let taken = 0;
    while ((this.#queue[taken]?.seq ?? Number.POSITIVE_INFINITY) <= seq) taken += 1;
    for (const input of this.#queue.splice(0, taken).slice(0, this.#sentCount)) {
      this.#sentBytes -= input.data.length;
    }
    this.#sentCount = Math.max(0, this.#sentCount - taken);
  }

  /** A new connection whose daemon has taken everything up to `seq`: what is left goes out again. */
  restart(seq: number): void {
    this.#sentCount = 0;
    this.#sentBytes = 0;
    this.acknowledge(seq);
    // Defence against a number used before: a key with an old number would be dropped as a repetition.
    if (this.isEmpty && seq >= this.#nextSeq) this.#nextSeq = seq + 1;
  }

  /** The inputs to send now; what would exceed the channel's limit waits for acknowledgements. */
  takeSendable(): Input[] {
    const inputs: Input[] = [];
    for (let next = this.#queue[this.#sentCount]; next !== undefined; next = this.#queue[this.#sentCount]) {
      if (this.#sentBytes + next.data.length > MAX_UNACKED_INPUT_BYTES) break;
      inputs.push({ type: "Input", channel: this.#channel, seq: next.seq, data: next.data });
      this.#sentCount += 1;
      this.#sentBytes += next.data.length;
    }
    return inputs;
  }
}
