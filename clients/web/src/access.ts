/** What whoever looks at this page may do, as the daemon has said it. The daemon enforces it; the page only shows it. */

import type { SessionInfo, Welcome } from "./protocol/messages.gen";

export class Access {
  readonly principal: string;
  readonly #rights: ReadonlySet<string> | null;
  readonly #session: string | null;

  /** `welcome` null: nothing was said yet. */
  constructor(welcome: Pick<Welcome, "principal" | "rights" | "session"> | null) {
    this.principal = welcome?.principal ?? "";
    this.#rights = welcome === null || welcome.rights === null ? null : new Set(welcome.rights);
    this.#session = welcome?.session ?? null;
  }

  get isAdmin(): boolean {
    return this.#has("admin");
  }

  get mayCreate(): boolean {
    return this.#has("create");
  }

  /** The only session that there is for this page, or null. */
  get onlySession(): string | null {
    return this.mayCreate ? null : this.#session;
  }

  controls(session: Pick<SessionInfo, "id" | "owner">): boolean {
    const isInScope = this.#session === null || this.#session === session.id;
    return (isInScope && this.#has("control")) || (this.mayCreate && session.owner === this.principal);
  }

  /** Names are those of all sessions: not for whoever was let into one. */
  mayRename(session: Pick<SessionInfo, "id" | "owner">): boolean {
    return this.controls(session) && this.onlySession === null;
  }

  #has(right: string): boolean {
    return this.#rights === null || this.#rights.has(right);
  }
}

/** Its program can be handed prompts, by whoever looks at this page. */
export function takesPrompts(session: SessionInfo, access: Access): boolean {
  return session.kind === "claude" && session.state === "running" && access.controls(session);
}
