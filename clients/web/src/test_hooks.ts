/** What tests may ask of the page; it can change nothing. Elements are found by `data-testid`. */

import type { PlayerState } from "./player/player_dialog";

export interface TestHooks {
  /** Scrollback and screen of the open terminal as text, "" where none is open. */
  readText(): string;
  /** The kind of the connection's status, such as "live" or "reconnecting". */
  readStatus(): string;
  /** The phase of the open terminal's channel, such as "replaying" or "live"; null where none is open. */
  readPhase(): string | null;
  /** The open session's id, or null. */
  readSession(): string | null;
  /** The number of the buffer's line at the top of the screen: less after scrolling back. */
  readTopLine(): number;
  /** The columns and rows of the open terminal. */
  readSize(): { cols: number; rows: number } | null;
  /** The open player of recordings, or null. */
  readPlayer(): PlayerState | null;
}

declare global {
  interface Window {
    ptyd?: Readonly<TestHooks>;
  }
}

export function publishTestHooks(hooks: TestHooks): void {
  window.ptyd = Object.freeze(hooks);
}
