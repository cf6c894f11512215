/** Asks for the screens that have changed, once a second while somebody looks at them. */

import type { Miniature, SessionInfo } from "../protocol/messages.gen";

export const TICK_MS = 1000;

export interface FeedOptions {
  /** The sessions whose miniatures can be seen now. */
  listVisible(): readonly SessionInfo[];
  /** Whether anybody looks, and can be answered. */
  isWatched(): boolean;
  request(known: Record<string, number>): Promise<readonly Miniature[]>;
  onMiniature(miniature: Miniature): void;
  schedule(delayMs: number, action: () => void): void;
}

export class MiniatureFeed {
  readonly #options: FeedOptions;
  /** What each session's newest miniature is of. */
  readonly #known = new Map<string, { readonly offset: number; readonly size: string }>();
  #isRunning = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Somebody looks: begins at once. While nobody does it rests until it is called again. */
  wake(): void {
    if (this.#isRunning || !this.#options.isWatched()) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      await this.#refresh();
    } catch {
      // Refused or disconnected: the next time will tell.
    }
    this.#options.schedule(TICK_MS, () => {
      this.#isRunning = false;
      this.wake();
    });
  }

  async #refresh(): Promise<void> {
    const wanted: Record<string, number> = {};
    const sessions = this.#options.listVisible();
    for (const session of sessions) wanted[session.id] = this.#findKnown(session);
    if (sessions.length === 0) return;
    for (const miniature of await this.#options.request(wanted)) {
      const size = `${miniature.cols}x${miniature.rows}`;
      this.#known.set(miniature.session, { offset: miniature.offset, size });
      this.#options.onMiniature(miniature);
    }
  }

  /** A session of another size looks otherwise, though it may have said nothing. */
  #findKnown(session: SessionInfo): number {
    const known = this.#known.get(session.id);
    return known?.size === `${session.cols}x${session.rows}` ? known.offset : 0;
  }
}
