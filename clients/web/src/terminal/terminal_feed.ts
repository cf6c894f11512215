/** What a channel tells, brought to the terminal in order: xterm.js parses later than it is written to. */

import type { ChannelEvent, OutputMark, Size } from "../protocol/channel_state";

/** The part of xterm.js's Terminal that is needed here. */
export interface FedTerminal {
  readonly cols: number;
  readonly rows: number;
  write(data: string | Uint8Array, callback?: () => void): void;
  resize(cols: number, rows: number): void;
}

/** What happens around a screen that takes the place of all that the terminal shows. */
export interface ScreenSwap {
  /** All before it has been parsed. */
  begin(): void;
  /** It has been parsed. */
  end(): void;
}

/** As bytes, so that half a character ends, too. */
const RESET_BYTES = new TextEncoder().encode(
  "\x18" + // CAN ends a sequence that was cut in the middle
    "\x1bc" + // RIS resets everything
    "\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\", // but the colours
);

export type Consume = (mark: OutputMark) => void;

export class TerminalFeed {
  readonly #terminal: FedTerminal;
  readonly #onResized: () => void;
  readonly #swap: ScreenSwap;
  #isLive = false;

  constructor(terminal: FedTerminal, onResized: () => void, swap: ScreenSwap) {
    this.#terminal = terminal;
    this.#onResized = onResized;
    this.#swap = swap;
  }

  /** Whether the bytes being parsed at this moment are from the present. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** `consume` is called with the event's mark when it has been parsed. */
  handle(event: ChannelEvent, consume: Consume): void {
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
        this.#showScreen(event.size, event.data, () => consume(event.mark));
        break;
      case "output":
        this.#terminal.write(event.data, () => consume(event.mark));
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

  /**
   * Without a frame that is blank: xterm.js parses what it was given in one piece in one piece, and may draw between any
   * two. So the reset goes with the screen, and what takes its time comes before it.
   */
  #showScreen(size: Size, data: Uint8Array, onParsed: () => void): void {
    this.#afterParsing(() => {
      this.#swap.begin();
      this.#resize(size);
    });
    const screen = new Uint8Array(RESET_BYTES.length + data.length);
    screen.set(RESET_BYTES);
    screen.set(data, RESET_BYTES.length);
    this.#terminal.write(screen, () => {
      this.#swap.end();
      onParsed();
    });
  }

  #afterParsing(action: () => void): void {
    this.#terminal.write("", action);
  }

  #resize({ cols, rows }: Size): void {
    if (cols !== this.#terminal.cols || rows !== this.#terminal.rows) this.#terminal.resize(cols, rows);
    this.#onResized();
  }
}
