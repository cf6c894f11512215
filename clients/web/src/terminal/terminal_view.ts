/** One attached session on the page: a channel on one side, xterm.js on the other. */

import type { SearchAddon } from "@xterm/addon-search";
import type { Terminal } from "@xterm/xterm";
import type { Connection } from "../net/connection";
import type { PageVisibility } from "../net/page_visibility";
import type {
  ChannelEvent,
  ChannelPhase,
  ChannelState,
  Size,
  TerminalAppearance,
} from "../protocol/channel_state";
import { describeAppearance } from "./appearance";
import { readBufferText } from "./buffer_text";
import { minimumContrast, type Scheme, terminalThemes } from "./colours";
import { createTerminal, type ProgramWishes, useWebgl } from "./create_terminal";
import { reportFocus } from "./focus_reports";
import { isFocusReport, isReport } from "./input_kind";
import { Letterbox } from "./letterbox";
import { type BarKey, encodeBarKey, type Modifiers, modifyText } from "./modifiers";
import { findAnchor, type ScrollAnchor, takeAnchor } from "./scroll_anchor";
import { ScrollbackDepth } from "./scrollback_depth";
import { swallowPastClipboard, swallowQueries } from "./swallow_queries";
import { TerminalFeed } from "./terminal_feed";
import { scrollByTouch } from "./touch_scroll";
import { onTypedData } from "./xterm_internals";

export type ViewEnd =
  | {
      readonly type: "exited";
      readonly code: number | null;
      readonly signal: number | null;
      readonly reason: string;
    }
  | { readonly type: "detached"; readonly code: string; readonly message: string };

/** What the page around the terminal shows of it. */
export interface ViewState {
  readonly phase: ChannelPhase;
  /** Whether this view decides the size. */
  readonly yours: boolean;
  /** Whether typing does not take control. */
  readonly locked: boolean;
  /** The session's size. */
  readonly size: Size;
  /** Bytes typed that the daemon has not yet taken. */
  readonly pendingInputBytes: number;
  /** How the attachment ended, null while it lasts. */
  readonly end: ViewEnd | null;
  /** The title that the program has set, or "". */
  readonly title: string;
  /** Whether this view may only look. */
  readonly isObserver: boolean;
}

export interface ViewOptions {
  readonly host: HTMLElement;
  readonly connection: Connection;
  readonly visibility: PageVisibility;
  readonly session: string;
  readonly scheme: Scheme;
  readonly fontSizePx: number;
  /** The session was made by this page a moment ago: nobody else has answered its first questions. */
  readonly isNew: boolean;
  readonly isObserver: boolean;
  /** Whether a terminal that another client has sized is shrunk to the space there is. */
  isScaled(): boolean;
  readonly wishes: ProgramWishes;
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
  readonly #depth = new ScrollbackDepth();
  readonly #unwatchVisibility: () => void;
  #scheme: Scheme;
  #appearance: TerminalAppearance | null = null;
  /** Where the user had scrolled to and has not yet been brought back: a screen may come before the lines above it. */
  #anchor: ScrollAnchor | null = null;
  #channel: ChannelState | null = null;
  #attachments = 0;
  #end: ViewEnd | null = null;
  #title = "";

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#scheme = options.scheme;
    const { terminal, fit, search } = createTerminal(options.scheme, options.fontSizePx, options.wishes);
    this.#terminal = terminal;
    this.#search = search;
    this.#feed = new TerminalFeed(terminal, () => this.layout(), {
      begin: () => this.#beginScreen(),
      end: () => this.#endScreen(),
    });
    swallowQueries(terminal.parser, () => this.#mayAnswer);
    swallowPastClipboard(terminal.parser, () => this.#feed.isLive);
    terminal.open(options.host);
    useWebgl(terminal);
    this.#letterbox = new Letterbox(options.host, terminal, fit, options.fontSizePx);
    this.#listen();
    this.#observer = new ResizeObserver(() => this.layout());
    this.#observer.observe(options.host);
    this.#unwatchVisibility = options.visibility.watch(() => this.#followVisibility());
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
      locked: this.#channel?.locked ?? false,
      size: { cols: this.#terminal.cols, rows: this.#terminal.rows },
      pendingInputBytes: this.#channel?.pendingInputBytes ?? 0,
      end: this.#end,
      title: this.#title,
      isObserver: this.#options.isObserver,
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
    this.#scheme = scheme;
    this.#tellAppearance();
  }

  // --- the channel ---

  handle(channel: ChannelState, event: ChannelEvent): void {
    if (channel !== this.#channel) return;
    this.#feed.handle(event, (mark) => this.#options.connection.act(() => channel.consume(mark)));
    if (event.type === "attached") this.#attachments += 1;
    if (event.type === "exited" || event.type === "detached") this.#end = event;
    if (event.type === "control" || event.type === "live") this.layout();
    // Whoever has scrolled up to the top in the meantime is there already.
    if (event.type === "live") this.#handleScroll();
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
    this.#unwatchVisibility();
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
    onTypedData(terminal, (data, isTyped) => this.#handleData(data, isTyped));
    terminal.onBinary((data) => {
      if (this.#channel?.yours) this.#writeBytes(Uint8Array.from(data, (char) => char.charCodeAt(0)));
    });
    terminal.onTitleChange((title) => {
      this.#title = title;
      this.#publish();
    });
    terminal.onScroll(() => this.#handleScroll());
    terminal.attachCustomKeyEventHandler((event) => event.isComposing || !this.#options.onShortcut(event));
    reportFocus(terminal, (report) => {
      if (this.#channel?.yours) this.#write(report);
    });
    const { textarea, element } = terminal;
    textarea?.setAttribute("autocapitalize", "none");
    textarea?.setAttribute("autocomplete", "off");
    textarea?.setAttribute("enterkeyhint", "enter");
    if (element !== undefined) scrollByTouch(terminal, element);
  }

  /** `isTyped` false: xterm.js says it by itself, as an answer. */
  #handleData(data: string, isTyped: boolean | null): void {
    if (isFocusReport(data)) return;
    if (isTyped === false) {
      if (this.#mayAnswer) this.#write(data);
      return;
    }
    if (isReport(data)) {
      if (this.#channel?.yours) this.#write(data);
      return;
    }
    // As xterm.js has it: whoever types wants to see the end.
    this.#anchor = null;
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
    if (this.#options.visibility.isHidden) this.#yieldSize();
    else this.#claimSize();
  }

  #claimSize(): void {
    const wanted = this.#letterbox.measureWanted();
    // Before that the daemon has not said whose the size is: leave things as they are.
    if (this.#channel === null || this.#channel.yours) this.#letterbox.fill();
    else if (this.#channel.phase === "live") this.#letterbox.box(this.#options.isScaled());
    this.#tellAppearance();
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
    if (this.#options.visibility.isHidden || this.#channel !== null || this.#end !== null) return;
    this.#channel = this.#attach();
    this.#publish();
  }

  #attach(): ChannelState {
    const wanted = this.#letterbox.measureWanted() ?? {
      cols: this.#terminal.cols,
      rows: this.#terminal.rows,
    };
    this.#tellAppearance();
    return this.#options.connection.attach(this.#options.session, wanted, {
      scrollback: this.#depth.lines,
      hidden: this.#options.visibility.isHidden,
      isObserver: this.#options.isObserver,
      ...(this.#appearance !== null && { appearance: this.#appearance }),
    });
  }

  #followVisibility(): void {
    this.#act((channel) => channel.setHidden(this.#options.visibility.isHidden));
    this.#attachWhenVisible();
    this.layout();
  }

  #tellAppearance(): void {
    const appearance = describeAppearance(this.#scheme, this.#letterbox.baseCell, devicePixelRatio);
    if (JSON.stringify(appearance) === JSON.stringify(this.#appearance)) return;
    this.#appearance = appearance;
    this.#act((channel) => channel.setAppearance(appearance));
  }

  // --- screens ---

  #beginScreen(): void {
    this.#anchor = takeAnchor(this.#terminal.buffer.active) ?? this.#anchor;
    // The screen says it where there is one.
    this.#title = "";
  }

  #endScreen(): void {
    const { buffer } = this.#terminal;
    const line = this.#anchor === null ? null : findAnchor(buffer.active, this.#anchor);
    if (line !== null) {
      this.#anchor = null;
      this.#terminal.scrollToLine(line);
    }
    this.#depth.receive(buffer.normal.baseY);
    this.#publish();
  }

  #handleScroll(): void {
    const { type, viewportY, baseY } = this.#terminal.buffer.active;
    if (type === "normal" && viewportY === 0 && baseY > 0) this.#loadMore();
  }

  /** Attaches anew with more lines above the screen; until they come, all stays as it is. */
  #loadMore(): void {
    const channel = this.#channel;
    // What was typed goes by one channel: what waits in this one would come behind the next one's.
    if (channel?.phase !== "live" || !channel.answers || channel.pendingInputBytes > 0) return;
    if (!this.#depth.deepen()) return;
    this.#channel = this.#attach();
    // In this order: whoever attached last inherits the control of the one who leaves.
    this.#options.connection.detach(channel);
  }

  get #mayAnswer(): boolean {
    const channel = this.#channel;
    if (channel === null || channel.answers || !channel.yours) return false;
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
