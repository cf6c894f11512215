/** A recording in an xterm.js of its own. It is looked at only: nothing typed or answered goes anywhere. */

import type { Terminal } from "@xterm/xterm";
import { readBufferText } from "../terminal/buffer_text";
import type { Scheme } from "../terminal/colours";
import { createTerminal, useWebgl } from "../terminal/create_terminal";
import { chooseFontSize } from "../terminal/letterbox";
import { swallowPastClipboard, swallowQueries } from "../terminal/swallow_queries";
import type { Cast } from "./cast";
import { type Part, Playback } from "./playback";
import { ScreenFeed } from "./screen_feed";

const FONT_SIZE_PX = 15;

const readClock = (): number => performance.now() / 1000;

export class PlayerView {
  readonly cast: Cast;
  readonly #host: HTMLElement;
  readonly #terminal: Terminal;
  readonly #playback: Playback;
  readonly #feed: ScreenFeed;
  readonly #observer: ResizeObserver;
  readonly #onChange: () => void;
  #frame = 0;

  /** `onChange` is called whenever the position or the state has changed. */
  constructor(host: HTMLElement, cast: Cast, scheme: Scheme, onChange: () => void) {
    this.cast = cast;
    this.#host = host;
    this.#onChange = onChange;
    const { terminal } = createTerminal(scheme, FONT_SIZE_PX);
    this.#terminal = terminal;
    terminal.options.disableStdin = true;
    terminal.options.cursorBlink = false;
    swallowQueries(terminal.parser, () => false);
    swallowPastClipboard(terminal.parser, () => false);
    terminal.resize(cast.size.cols, cast.size.rows);
    terminal.open(host);
    useWebgl(terminal);
    this.#playback = new Playback(cast);
    this.#feed = new ScreenFeed(terminal, cast.size, () => this.#fit());
    this.#observer = new ResizeObserver(() => this.#fit());
    this.#observer.observe(host);
    this.#show(this.#playback.seek(0, readClock()));
  }

  get position(): number {
    return this.#playback.position(readClock());
  }

  get isPlaying(): boolean {
    return this.#playback.isPlaying;
  }

  get speed(): number {
    return this.#playback.speed;
  }

  readText(): string {
    return readBufferText(this.#terminal.buffer.active);
  }

  toggle(): void {
    if (this.isPlaying) this.#playback.pause(readClock());
    else this.#show(this.#playback.play(readClock()));
    this.#schedule();
    this.#onChange();
  }

  seek(position: number): void {
    this.#show(this.#playback.seek(position, readClock()));
    this.#onChange();
  }

  step(): void {
    this.#show(this.#playback.step(readClock()));
    this.#onChange();
  }

  /** To the next mark, and pause there. */
  seekNextMark(): void {
    const mark = this.#playback.nextMark(readClock());
    if (mark === null) return;
    this.#playback.pause(readClock());
    this.seek(mark.at);
  }

  setSpeed(speed: number): void {
    this.#playback.setSpeed(speed, readClock());
    this.#onChange();
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
    this.#terminal.dispose();
  }

  #schedule(): void {
    cancelAnimationFrame(this.#frame);
    if (!this.isPlaying) return;
    this.#frame = requestAnimationFrame(() => {
      this.#show(this.#playback.takeDue(readClock()));
      this.#onChange();
      this.#schedule();
    });
  }

  #show(part: Part): void {
    this.#feed.show(part);
  }

  /** As large as there is room for, at most the usual size. */
  #fit(): void {
    const space = { width: this.#host.clientWidth, height: this.#host.clientHeight };
    if (space.width === 0 || space.height === 0) return;
    this.#setFont(FONT_SIZE_PX);
    let fontPx = chooseFontSize(FONT_SIZE_PX, this.#measure(), space);
    this.#setFont(fontPx);
    // Cells are whole pixels: what should just fit may come out too large.
    for (let extent = this.#measure(); fontPx > 4 && isLarger(extent, space); extent = this.#measure()) {
      fontPx -= 0.5;
      this.#setFont(fontPx);
    }
    const { width, height } = this.#measure();
    const element = this.#terminal.element;
    if (element === undefined) return;
    element.style.width = `${Math.ceil(width)}px`;
    element.style.height = `${Math.ceil(height)}px`;
  }

  #setFont(sizePx: number): void {
    if (this.#terminal.options.fontSize !== sizePx) this.#terminal.options.fontSize = sizePx;
  }

  #measure(): Extent {
    const screen = this.#terminal.element?.querySelector(".xterm-screen")?.getBoundingClientRect();
    return { width: screen?.width ?? 0, height: screen?.height ?? 0 };
  }
}

interface Extent {
  readonly width: number;
  readonly height: number;
}

function isLarger(extent: Extent, space: Extent): boolean {
  return extent.width > space.width || extent.height > space.height;
}
