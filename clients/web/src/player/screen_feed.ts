/** A recording's events, brought to a terminal in order: it parses later than it is written to. */

import type { Size } from "../protocol/channel_state";
import type { FedTerminal } from "../terminal/terminal_feed";
import { readSize } from "./cast";
import type { Part } from "./playback";

/** CAN ends a sequence that was cut in the middle, RIS resets everything. */
const RESET = "\x18\x1bc";

export class ScreenFeed {
  readonly #terminal: FedTerminal;
  readonly #firstSize: Size;
  readonly #onResized: () => void;

  constructor(terminal: FedTerminal, firstSize: Size, onResized: () => void) {
    this.#terminal = terminal;
    this.#firstSize = firstSize;
    this.#onResized = onResized;
  }

  show({ events, isAnew }: Part): void {
    if (isAnew) this.#terminal.write(RESET, () => this.#resize(this.#firstSize));
    let text = "";
    for (const { code, data } of events) {
      if (code === "o") text += data;
      const size = code === "r" ? readSize(data) : null;
      if (size === null) continue;
      this.#terminal.write(text, () => this.#resize(size));
      text = "";
    }
    if (text !== "") this.#terminal.write(text);
  }

  #resize({ cols, rows }: Size): void {
    if (cols === this.#terminal.cols && rows === this.#terminal.rows) return;
    this.#terminal.resize(cols, rows);
    this.#onResized();
  }
}
