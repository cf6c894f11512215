/** Notices a connection that is dead without having said so. Clocks are handed in. */

import { DEAD_AFTER_SECONDS, PING_INTERVAL_SECONDS } from "../protocol/messages.gen";

const PING_INTERVAL_MS = PING_INTERVAL_SECONDS * 1000;
const PONG_DEADLINE_MS = (DEAD_AFTER_SECONDS - PING_INTERVAL_SECONDS) * 1000;

/** After a sleep or a freeze nobody wants to wait long to learn that the connection has gone. */
export const PROBE_DEADLINE_MS = 3000;
export const TICK_MS = 2500;
/** A tick that comes so late means that the machine or the tab has slept. */
const SLEPT_MS = 4 * TICK_MS;

export type HeartbeatVerdict = "fine" | "ping" | "probe" | "dead";

export class Heartbeat {
  #lastHeardMs = 0;
  #lastTickMs = 0;
  /** When an unanswered Ping is overdue. */
  #deadlineMs: number | null = null;

  start(nowMs: number): void {
    this.#lastHeardMs = nowMs;
    this.#lastTickMs = nowMs;
    this.#deadlineMs = null;
  }

  /** Any message at all shows that the other end lives. */
  hear(nowMs: number): void {
    this.#lastHeardMs = nowMs;
    this.#deadlineMs = null;
  }

  /** A Ping has just been sent that must be answered within `deadlineMs`. */
  expectPong(nowMs: number, deadlineMs: number = PONG_DEADLINE_MS): void {
    const deadline = nowMs + deadlineMs;
    this.#deadlineMs = Math.min(deadline, this.#deadlineMs ?? deadline);
  }

  /** To be asked every TICK_MS. "ping" and "probe": send a Ping and say so with `expectPong`. */
  tick(nowMs: number): HeartbeatVerdict {
    const hasSlept = nowMs - this.#lastTickMs > SLEPT_MS;
    this.#lastTickMs = nowMs;
    // What came in during the sleep has not been read yet: ask anew instead of judging by the old deadline.
    if (hasSlept) {
      this.#deadlineMs = null;
      return "probe";
    }
    if (this.#deadlineMs !== null) return nowMs >= this.#deadlineMs ? "dead" : "fine";
    return nowMs - this.#lastHeardMs >= PING_INTERVAL_MS ? "ping" : "fine";
  }
}
