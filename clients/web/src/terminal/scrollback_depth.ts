/** How many lines above the screen to ask for: few at first, many for whoever scrolls up to their end. */

import { DEFAULT_SCROLLBACK_LINES } from "../protocol/messages.gen";

export const DEEP_SCROLLBACK_LINES = 10_000;

export class ScrollbackDepth {
  #lines = DEFAULT_SCROLLBACK_LINES;
  #mayHaveMore = false;

  /** What to ask for. */
  get lines(): number {
    return this.#lines;
  }

  /** A screen has come with so many lines above it: where it was all that was asked for, there may be more. */
  receive(lines: number): void {
    this.#mayHaveMore = lines >= this.#lines;
  }

  /** Whether it is worth while to ask for more; then `lines` is more. Says so once. */
  deepen(): boolean {
    if (!this.#mayHaveMore || this.#lines >= DEEP_SCROLLBACK_LINES) return false;
    this.#lines = DEEP_SCROLLBACK_LINES;
    this.#mayHaveMore = false;
    return true;
  }
}
