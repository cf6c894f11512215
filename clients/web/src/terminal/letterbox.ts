/** Brings a terminal of any size into the space there is: filling it, centred in it, shrunk to it, or to be scrolled. */

import type { FitAddon } from "@xterm/addon-fit";
import type { Terminal } from "@xterm/xterm";
import type { Size } from "../protocol/channel_state";
import { MAX_COLS, MAX_ROWS, MIN_COLS, MIN_ROWS } from "../protocol/messages.gen";
import type { CellExtent } from "./appearance";

const MIN_FONT_PX = 4;
const FONT_STEP_PX = 0.5;
/** What xterm.js keeps free at the right for its scroll bar. */
const SCROLLBAR_PX = 14;

type Extent = CellExtent;

/** The font size at which the terminal fits the space, at most the base size. */
export function chooseFontSize(basePx: number, needed: Extent, space: Extent): number {
  const scale = Math.min(1, space.width / needed.width, space.height / needed.height);
  return Math.max(MIN_FONT_PX, Math.floor((basePx * scale) / FONT_STEP_PX) * FONT_STEP_PX);
}

export function clampSize({ cols, rows }: Size): Size {
  return {
    cols: Math.min(MAX_COLS, Math.max(MIN_COLS, Math.floor(cols))),
    rows: Math.min(MAX_ROWS, Math.max(MIN_ROWS, Math.floor(rows))),
  };
}

export class Letterbox {
  readonly #host: HTMLElement;
  readonly #terminal: Terminal;
  readonly #fit: FitAddon;
  readonly #baseFontPx: number;
  /** One cell at the base font size. */
  #baseCell: Extent = { width: 0, height: 0 };

  constructor(host: HTMLElement, terminal: Terminal, fit: FitAddon, baseFontPx: number) {
    this.#host = host;
    this.#terminal = terminal;
    this.#fit = fit;
    this.#baseFontPx = baseFontPx;
  }

  /** One cell at the base font size, in CSS pixels; 0 before anything could be measured. */
  get baseCell(): CellExtent {
    return this.#baseCell;
  }

  /** The size that would fill the space at the base font size; null where nothing can be measured. */
  measureWanted(): Size | null {
    if (this.#isBaseFont) {
      const proposed = this.#fit.proposeDimensions();
      if (proposed === undefined || !Number.isFinite(proposed.cols + proposed.rows)) return null;
      this.#baseCell = this.#measureCell();
      return clampSize(proposed);
    }
    const space = this.#measureSpace();
    if (space.width <= 0 || this.#baseCell.width <= 0) return null;
    return clampSize({
      cols: space.width / this.#baseCell.width,
      rows: space.height / this.#baseCell.height,
    });
  }

  /** Fills the space: the terminal has, or is about to get, the wanted size. */
  fill(): void {
    this.#setFont(this.#baseFontPx);
    this.#host.classList.remove("letterboxed");
    this.#setExtent("", "");
  }

  /** Centres a terminal whose size somebody else chose; `isScaled`: where there is no room for it, it is shrunk. */
  box(isScaled: boolean): void {
    this.#host.classList.add("letterboxed");
    const { cols, rows } = this.#terminal;
    const needed = { width: cols * this.#baseCell.width, height: rows * this.#baseCell.height };
    if (!isScaled) this.#setFont(this.#baseFontPx);
    else if (needed.width > 0) this.#shrink(needed);
    const screen = this.#measureScreen();
    this.#setExtent(`${Math.ceil(screen.width) + SCROLLBAR_PX}px`, `${Math.ceil(screen.height)}px`);
  }

  #shrink(needed: Extent): void {
    const space = this.#measureSpace();
    let fontPx = chooseFontSize(this.#baseFontPx, needed, space);
    this.#setFont(fontPx);
    // Cells are whole pixels: what should just fit may come out too large.
    while (fontPx > MIN_FONT_PX && this.#isLargerThan(space)) {
      fontPx -= FONT_STEP_PX;
      this.#setFont(fontPx);
    }
  }

  #isLargerThan(space: Extent): boolean {
    const screen = this.#measureScreen();
    return screen.width > space.width || screen.height > space.height;
  }

  get #isBaseFont(): boolean {
    return this.#terminal.options.fontSize === this.#baseFontPx;
  }

  #setFont(sizePx: number): void {
    if (this.#terminal.options.fontSize !== sizePx) this.#terminal.options.fontSize = sizePx;
  }

  #setExtent(width: string, height: string): void {
    const element = this.#terminal.element;
    if (element === undefined) return;
    element.style.width = width;
    element.style.height = height;
  }

  #measureScreen(): Extent {
    return (
      this.#terminal.element?.querySelector(".xterm-screen")?.getBoundingClientRect() ?? {
        width: 0,
        height: 0,
      }
    );
  }

  #measureCell(): Extent {
    const screen = this.#measureScreen();
    return { width: screen.width / this.#terminal.cols, height: screen.height / this.#terminal.rows };
  }

  #measureSpace(): Extent {
    const element = this.#terminal.element;
    if (element === undefined) return { width: 0, height: 0 };
    const style = getComputedStyle(element);
    const padX = Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.paddingRight);
    const padY = Number.parseFloat(style.paddingTop) + Number.parseFloat(style.paddingBottom);
    return {
      width: this.#host.clientWidth - padX - SCROLLBAR_PX,
      height: this.#host.clientHeight - padY,
    };
  }
}
