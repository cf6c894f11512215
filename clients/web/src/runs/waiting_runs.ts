/** The runs that wait for a place, as the daemon tells of them. */

import type { Event, RunInfo } from "../protocol/messages.gen";
import { fitsType, withDefaults } from "../protocol/validate";

export class WaitingRuns {
  #runs = new Map<string, RunInfo>();

  /** In the order in which they will start. */
  get runs(): RunInfo[] {
    return [...this.#runs.values()].sort((a, b) => b.priority - a.priority || a.queued_at - b.queued_at);
  }

  replace(runs: readonly RunInfo[]): void {
    this.#runs = new Map(runs.filter((run) => run.state === "queued").map((run) => [run.id, run]));
  }

  /** Applies an event; gives whether something changed. */
  apply(event: Event): boolean {
    if (event.kind === "created" || event.kind === "run_dropped") return this.#runs.delete(event.session);
    const type = { kind: "struct", name: "RunInfo" } as const;
    if (event.kind !== "run_queued" || !fitsType(event.data, type)) return false;
    this.#runs.set(event.session, withDefaults(event.data, type) as RunInfo);
    return true;
  }
}
