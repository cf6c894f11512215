/** What a channel tells, brought to the terminal in order: xterm.js parses later than it is written to. */

import type { ChannelEvent, OutputMark, Size } from "../protocol/channel_state";

/** The part of xterm.js's Terminal that is needed here. */
export interface FedTerminal {
  readonly cols: number;
  readonly rows: number;
  write(data: string | Uint8Array, callback?: () => void): void;
  resize(cols: number, rows: number): void;
}

/** CAN ends a sequence that was cut in the middle, RIS resets everything. As bytes, so that half a character ends too. */
const RESET_BYTES = Uint8Array.of(0x18, 0x1b, 0x63);

export class TerminalFeed {
  readonly #terminal: FedTerminal;
  readonly #onParsed: (mark: OutputMark) => void;
  readonly #onResized: () => void;
  #isLive = false;

  constructor(terminal: FedTerminal, onParsed: (mark: OutputMark) => void, onResized: () => void) {
    this.#terminal = terminal;
    this.#onParsed = onParsed;
    this.#onResized = onResized;
  }

  /** Whether the bytes being parsed at this moment are from the present. */
  get isLive(): boolean {
    return this.#isLive;
  }

  handle(event: ChannelEvent): void {
    switch (event.type) {
      case "attached":
        this.#afterParsing(() => {
          this.#isLive = false;
        });
        break;
      case "reset":
        this.#terminal.write(RESET_BYTES, () => this.#resize(event.size));
        break;
      case "screen":
        this.#terminal.write(RESET_BYTES, () => this.#resize(event.size));
        this.#terminal.write(event.data, () => this.#onParsed(event.mark));
        break;
      case "output":
        this.#terminal.write(event.data, () => this.#onParsed(event.mark));
        break;
      case "resized":
        this.#afterParsing(() => this.#resize(event.size));
        break;
      case "live":
        this.#afterParsing(() => {
          this.#isLive = true;
        });
        break;
      default:
    }
  }

  #afterParsing(action: () => void): void {
    this.#terminal.write("", action);
  }

  #resize({ cols, rows }: Size): void {
    if (cols !== this.#terminal.cols || rows !== this.#terminal.rows) this.#terminal.resize(cols, rows);
    this.#onResized();
  }
}
