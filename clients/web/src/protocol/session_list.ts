/** The sessions as the daemon's subscription tells them. */

import type { Event, SessionInfo, SubscribeResult } from "./messages.gen";
import { fitsType, withDefaults } from "./validate";

export class SessionList {
  #sessions = new Map<string, SessionInfo>();
  /** Events up to here are part of the state already. */
  #seq = 0;

  /** Running sessions first, then oldest first. */
  get sessions(): SessionInfo[] {
    const rank = (session: SessionInfo): number => (session.state === "running" ? 0 : 1);
    return [...this.#sessions.values()].sort(
      (a, b) => rank(a) - rank(b) || a.created_at - b.created_at || a.id.localeCompare(b.id),
    );
  }

  get(id: string): SessionInfo | undefined {
    return this.#sessions.get(id);
  }

  replace({ seq, sessions }: SubscribeResult): void {
    this.#seq = seq;
    this.#sessions = new Map(sessions.map((session) => [session.id, session]));
  }

  /** Applies an event; gives whether something changed. Kinds that are not known are left alone. */
  apply(event: Event): boolean {
    if (event.seq <= this.#seq) return false;
    this.#seq = event.seq;
    if (event.kind === "removed") return this.#sessions.delete(event.session);
    const type = { kind: "struct", name: "SessionInfo" } as const;
    if (!fitsType(event.data, type)) return false;
    this.#sessions.set(event.session, withDefaults(event.data, type) as SessionInfo);
    return true;
  }
}
