/** Which session is open, and its terminal or, where it is a structured run, its view. */

import type { Connection } from "./net/connection";
import type { PageVisibility } from "./net/page_visibility";
import type { ChannelEvent, ChannelState, Size } from "./protocol/channel_state";
import type { SessionInfo } from "./protocol/messages.gen";
import { RunView } from "./runs/run_view";
import type { Scheme } from "./terminal/colours";
import type { ProgramWishes } from "./terminal/create_terminal";
import { measureSpace } from "./terminal/measure_space";
import type { Modifiers } from "./terminal/modifiers";
import { TerminalView, type ViewState } from "./terminal/terminal_view";
import type { ClipboardPrompt } from "./ui/clipboard_prompt";
import { askLink } from "./ui/link_dialog";

const FONT_SIZE_PX = 14;
const NARROW_FONT_SIZE_PX = 12;
const NARROW_PX = 500;

export interface WorkspaceOptions {
  readonly host: HTMLElement;
  readonly connection: Connection;
  readonly visibility: PageVisibility;
  readonly clipboardPrompt: ClipboardPrompt;
  isScaled(): boolean;
  readScheme(): Scheme;
  onState(): void;
  /** Another terminal is open, or none any more. */
  onOpened(view: TerminalView | null): void;
  takeModifiers(): Modifiers;
  onShortcut(event: KeyboardEvent): boolean;
  /** Somebody wants a run to end. */
  stopRun(session: string): void;
}

export class Workspace {
  readonly #options: WorkspaceOptions;
  #session: string | null = null;
  #view: TerminalView | null = null;
  #run: RunView | null = null;

  constructor(options: WorkspaceOptions) {
    this.#options = options;
  }

  /** The id of the open session. */
  get session(): string | null {
    return this.#session;
  }

  get view(): TerminalView | null {
    return this.#view;
  }

  /** The open run; a session has either a terminal or this. */
  get run(): RunView | null {
    return this.#run;
  }

  get state(): ViewState | null {
    return this.#view?.state ?? null;
  }

  /** The size that a terminal has here when it fills the space; what a new session should begin with. */
  measureSize(): Partial<Size> {
    const size =
      this.#view === null ? measureSpace(this.#options.host, this.#fontSizePx) : this.#view.measureWanted();
    return size ?? {};
  }

  get #fontSizePx(): number {
    return window.innerWidth < NARROW_PX ? NARROW_FONT_SIZE_PX : FONT_SIZE_PX;
  }

  open(session: string, isNew: boolean, isObserver: boolean): void {
    if (session === this.#session) {
      this.#view?.offerFocus();
      this.#run?.offerFocus();
      return;
    }
    this.close();
    this.#session = session;
    const { host, connection, visibility, isScaled, onState, takeModifiers, onShortcut } = this.#options;
    const fontSizePx = this.#fontSizePx;
    const scheme = this.#options.readScheme();
    host.hidden = false;
    const common = { host, connection, visibility, isScaled, onState, takeModifiers, onShortcut };
    const wishes: ProgramWishes = {
      copy: (text) => this.#options.clipboardPrompt.offer(session, text),
      follow: (uri) => askLink(uri, () => this.#view?.offerFocus()),
    };
    this.#view = new TerminalView({ ...common, session, scheme, fontSizePx, isNew, isObserver, wishes });
    this.#options.onOpened(this.#view);
    this.#view.offerFocus();
  }

  openRun(session: SessionInfo, mayStop: boolean): void {
    if (session.id === this.#session) {
      this.#run?.offerFocus();
      return;
    }
    this.close();
    this.#session = session.id;
    const { host, connection, onState, stopRun } = this.#options;
    host.hidden = false;
    this.#run = new RunView({ host, connection, session, mayStop, stop: () => stopRun(session.id), onState });
    this.#run.offerFocus();
  }

  close(): void {
    if (this.#session === null) return;
    this.#options.clipboardPrompt.hide();
    this.#view?.dispose();
    this.#view = null;
    this.#run?.dispose();
    this.#run = null;
    this.#session = null;
    this.#options.host.hidden = true;
    this.#options.onOpened(null);
  }

  /** Pastes into the session's terminal, as from the clipboard; false: it is not the open one, or takes nothing. */
  paste(session: string, text: string): boolean {
    if (this.#view === null || session !== this.#session || this.#view.state.end !== null) return false;
    this.#view.terminal.paste(text);
    return true;
  }

  handle(channel: ChannelState, event: ChannelEvent): void {
    this.#view?.handle(channel, event);
    this.#run?.handle(channel, event);
  }
}

/** The page's address remembers the open session over a reload. */
export function readAddress(): string | null {
  const id = location.hash.slice(1);
  return /^[0-9a-f]{8}$/.test(id) ? id : null;
}

export function writeAddress(session: SessionInfo["id"] | null): void {
  history.replaceState(null, "", session === null ? location.pathname : `#${session}`);
}
