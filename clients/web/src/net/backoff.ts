import { RECONNECT_FIRST_SECONDS, RECONNECT_MAX_SECONDS } from "../protocol/messages.gen";

const MAX_JITTER = 0.5;

/** Delays between attempts to connect: doubling, with jitter, so that many clients do not come back in step. */
export class Backoff {
  readonly #random: () => number;
  #attempt = 0;

  /** `random` gives numbers from 0 to 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** How many delays were taken since the last success. */
  get attempt(): number {
    return this.#attempt;
  }

  takeDelayMs(): number {
    const seconds = Math.min(RECONNECT_FIRST_SECONDS * 2 ** this.#attempt, RECONNECT_MAX_SECONDS);
    this.#attempt += 1;
    return seconds * (1 + MAX_JITTER * this.#random()) * 1000;
  }

  reset(): void {
    this.#attempt = 0;
  }
}
