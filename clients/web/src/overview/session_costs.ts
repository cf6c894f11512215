/** What the conversations of the sessions have cost: asked for when one of them has come to rest since. */

import { isCounted } from "../conversations/money";
import type { CostRow, SessionInfo } from "../protocol/messages.gen";

/** A turn's last answer stands in the transcript by then; and more often nobody is asked. */
export const COSTS_MS = 3000;

export interface CostsOptions {
  request(): Promise<readonly CostRow[]>;
  onChange(): void;
  schedule(delayMs: number, action: () => void): void;
}

export class SessionCosts {
  readonly #options: CostsOptions;
  #rows = new Map<string, CostRow>();
  /** What the sessions were at when it was asked last. */
  #askedFor = "";
  #wanted = "";
  #isScheduled = false;

  constructor(options: CostsOptions) {
    this.#options = options;
  }

  /** Of a run the daemon tells with the session; of another the transcript tells. Null: nothing to speak of. */
  find(session: SessionInfo): Pick<CostRow, "cost_usd" | "estimated_usd"> | null {
    const outcome = session.run?.outcome ?? null;
    const cost =
      outcome === null
        ? (this.#rows.get(session.id) ?? null)
        : { cost_usd: outcome.cost_usd, estimated_usd: 0 };
    return cost !== null && isCounted(cost.cost_usd) ? cost : null;
  }

  /** Somebody looks at these sessions. */
  note(sessions: readonly SessionInfo[]): void {
    this.#wanted = sessions
      .filter((session) => (session.conversation?.id ?? "") !== "" && session.activity?.state !== "working")
      .map((session) => `${session.id} ${session.conversation?.id} ${session.activity?.since}`)
      .join();
    this.#askIfStale();
  }

  #askIfStale(): void {
    if (this.#isScheduled || this.#wanted === this.#askedFor) return;
    this.#isScheduled = true;
    this.#options.schedule(this.#askedFor === "" ? 0 : COSTS_MS, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    this.#askedFor = this.#wanted;
    try {
      this.#rows = new Map((await this.#options.request()).map((row) => [row.key, row]));
      this.#options.onChange();
    } catch {
      // Refused, or disconnected: asked again after the next change.
    }
    this.#isScheduled = false;
    this.#askIfStale();
  }
}
