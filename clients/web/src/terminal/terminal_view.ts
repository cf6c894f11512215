/** One attached session on the page: a channel on one side, xterm.js on the other. */

import type { SearchAddon } from "@xterm/addon-search";
import type { Terminal } from "@xterm/xterm";
import type { Connection } from "../net/connection";
import type { ChannelEvent, ChannelPhase, ChannelState, Size } from "../protocol/channel_state";
import { readBufferText } from "./buffer_text";
import { minimumContrast, type Scheme, terminalThemes } from "./colours";
import { createTerminal, useWebgl } from "./create_terminal";
import { isReport } from "./input_kind";
import { Letterbox } from "./letterbox";
import { type BarKey, encodeBarKey, type Modifiers, modifyText } from "./modifiers";
import { swallowPastClipboard, swallowQueries } from "./swallow_queries";
import { TerminalFeed } from "./terminal_feed";
import { scrollByTouch } from "./touch_scroll";

export type ViewEnd =
  | { readonly type: "exited"; readonly code: number | null; readonly signal: number | null }
  | { readonly type: "detached"; readonly code: string; readonly message: string };

/** What the page around the terminal shows of it. */
export interface ViewState {
  readonly phase: ChannelPhase;
  /** Whether this view decides the size. */
  readonly yours: boolean;
  /** The session's size. */
  readonly size: Size;
  /** Bytes typed that the daemon has not yet taken. */
  readonly pendingInputBytes: number;
  /** How the attachment ended, null while it lasts. */
  readonly end: ViewEnd | null;
  /** The title that the program has set, or "". */
  readonly title: string;
}

export interface ViewOptions {
  readonly host: HTMLElement;
  readonly connection: Connection;
  readonly session: string;
  readonly scheme: Scheme;
  readonly fontSizePx: number;
  /** The session was made by this page a moment ago: nobody else has answered its first questions. */
  readonly isNew: boolean;
  onState(state: ViewState): void;
  /** Takes the sticky modifiers of the key bar for one key. */
  takeModifiers(): Modifiers;
  /** A key before the terminal gets it; true: it was a command of the page. */
  onShortcut(event: KeyboardEvent): boolean;
}

const noModifiers: Modifiers = { ctrl: false, alt: false };

export class TerminalView {
  readonly #options: ViewOptions;
  readonly #terminal: Terminal;
  readonly #search: SearchAddon;
  readonly #letterbox: Letterbox;
  readonly #feed: TerminalFeed;
  readonly #encoder = new TextEncoder();
  readonly #observer: ResizeObserver;
  #channel: ChannelState | null = null;
  #attachments = 0;
  #end: ViewEnd | null = null;
  #title = "";

  constructor(options: ViewOptions) {
    this.#options = options;
    const { terminal, fit, search } = createTerminal(options.scheme, options.fontSizePx);
    this.#terminal = terminal;
    this.#search = search;
    this.#feed = new TerminalFeed(
      terminal,
      (mark) => this.#act((channel) => channel.consume(mark)),
      () => this.layout(),
    );
    swallowQueries(terminal.parser, () => this.#mayAnswer);
    swallowPastClipboard(terminal.parser, () => this.#feed.isLive);
    terminal.open(options.host);
    useWebgl(terminal);
    this.#letterbox = new Letterbox(options.host, terminal, fit, options.fontSizePx);
    this.#listen();
    this.#observer = new ResizeObserver(() => this.layout());
    this.#observer.observe(options.host);
    this.#attachWhenVisible();
  }

  get search(): SearchAddon {
    return this.#search;
  }

  get terminal(): Terminal {
    return this.#terminal;
  }

  get state(): ViewState {
    return {
      phase: this.#channel?.phase ?? "offline",
      yours: this.#channel?.yours ?? false,
      size: { cols: this.#terminal.cols, rows: this.#terminal.rows },
      pendingInputBytes: this.#channel?.pendingInputBytes ?? 0,
      end: this.#end,
      title: this.#title,
    };
  }

  readText(): string {
    return readBufferText(this.#terminal.buffer.active);
  }

  focus(): void {
    this.#terminal.focus();
  }

  /** Gives the terminal the keyboard, except where that would push a touch keyboard over half of it. */
  offerFocus(): void {
    if (!matchMedia("(pointer: coarse)").matches) this.focus();
  }

  setScheme(scheme: Scheme): void {
    this.#terminal.options.theme = terminalThemes[scheme];
    this.#terminal.options.minimumContrastRatio = minimumContrast[scheme];
  }

  // --- the channel ---

  handle(channel: ChannelState, event: ChannelEvent): void {
    if (channel !== this.#channel) return;
    this.#feed.handle(event);
    if (event.type === "attached") this.#attachments += 1;
    if (event.type === "exited" || event.type === "detached") this.#end = event;
    if (event.type === "control" || event.type === "live") this.layout();
    this.#publish();
  }

  /** The connection has changed: so has what can be said of this view. */
  refresh(): void {
    this.#publish();
  }

  /** Attach again after the attachment has ended. */
  reattach(): void {
    if (this.#end === null) return;
    this.#end = null;
    this.#channel = null;
    this.#attachWhenVisible();
  }

  takeControl(): void {
    const wanted = this.#letterbox.measureWanted();
    if (wanted !== null) this.#act((channel) => channel.takeControl(wanted));
    this.offerFocus();
  }

  dispose(): void {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.#observer.disconnect();
    if (this.#channel !== null) this.#options.connection.detach(this.#channel);
    this.#channel = null;
    this.#terminal.dispose();
    this.#options.host.classList.remove("letterboxed");
  }

  // --- keys ---

  pressBarKey(key: BarKey): void {
    const isApplication = this.#terminal.modes.applicationCursorKeysMode;
    this.#write(encodeBarKey(key, this.#options.takeModifiers(), isApplication));
  }

  async pasteClipboard(): Promise<void> {
    this.#terminal.paste(await navigator.clipboard.readText());
  }

  async copySelection(): Promise<void> {
    if (this.#terminal.hasSelection()) await navigator.clipboard.writeText(this.#terminal.getSelection());
  }

  #listen(): void {
    const terminal = this.#terminal;
    terminal.onData((data) => this.#handleData(data));
    terminal.onBinary((data) => {
      if (this.#channel?.yours) this.#writeBytes(Uint8Array.from(data, (char) => char.charCodeAt(0)));
    });
    terminal.onTitleChange((title) => {
      this.#title = title;
      this.#publish();
    });
    terminal.attachCustomKeyEventHandler((event) => event.isComposing || !this.#options.onShortcut(event));
    document.addEventListener("visibilitychange", this.#onVisibility);
    const { textarea, element } = terminal;
    textarea?.setAttribute("autocapitalize", "none");
    textarea?.setAttribute("autocomplete", "off");
    textarea?.setAttribute("enterkeyhint", "enter");
    if (element !== undefined) scrollByTouch(terminal, element);
  }

  #handleData(data: string): void {
    if (isReport(data)) {
      if (this.#channel?.yours) this.#write(data);
      return;
    }
    // A touch keyboard gives text, possibly a whole composed word; escape sequences are keys that need no modifier.
    const modifiers = data.startsWith("\x1b") ? noModifiers : this.#options.takeModifiers();
    this.#write(modifyText(data, modifiers));
  }

  #write(text: string): void {
    this.#writeBytes(this.#encoder.encode(text));
  }

  #writeBytes(data: Uint8Array): void {
    this.#act((channel) => channel.write(data));
    this.#publish();
  }

  // --- size ---

  /** The size that would fill the space. */
  measureWanted(): Size | null {
    return this.#letterbox.measureWanted();
  }

  /** Brings the terminal into the space there is, and tells the daemon which size would fill it. */
  layout(): void {
    if (document.hidden) this.#yieldSize();
    else this.#claimSize();
  }

  #claimSize(): void {
    const wanted = this.#letterbox.measureWanted();
    // Before that the daemon has not said whose the size is: leave things as they are.
    if (this.#channel === null || this.#channel.yours) this.#letterbox.fill();
    else if (this.#channel.phase === "live") this.#letterbox.box();
    if (wanted !== null) this.#act((channel) => channel.resize(wanted));
    this.#publish();
  }

  /**
   * A hidden page wishes for whatever size there is: should control fall to it, because another client leaves or the
   * daemon starts anew, nothing is resized.
   */
  #yieldSize(): void {
    const { cols, rows } = this.#terminal;
    if (this.#channel?.phase === "live") this.#act((channel) => channel.resize({ cols, rows }));
  }

  #attachWhenVisible(): void {
    if (document.hidden || this.#channel !== null || this.#end !== null) return;
    const wanted = this.#letterbox.measureWanted() ?? {
      cols: this.#terminal.cols,
      rows: this.#terminal.rows,
    };
    this.#channel = this.#options.connection.attach(this.#options.session, wanted);
    this.#publish();
  }

  readonly #onVisibility = (): void => {
    this.#attachWhenVisible();
    this.layout();
  };

  get #mayAnswer(): boolean {
    const channel = this.#channel;
    if (channel === null || !channel.yours) return false;
    if (channel.phase === "live" && this.#feed.isLive) return true;
    // The first replay of a session that this page has just made is its present.
    const isFirst = this.#options.isNew && this.#attachments === 1;
    return isFirst && (channel.phase === "replaying" || channel.phase === "live");
  }

  #act(action: (channel: ChannelState) => void): void {
    const channel = this.#channel;
    if (channel !== null) this.#options.connection.act(() => action(channel));
  }

  #publish(): void {
    this.#options.onState(this.state);
  }
}
