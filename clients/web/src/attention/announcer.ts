/** Tells those who do not see the page that a session has begun to wait. */

import type { SessionInfo } from "../protocol/messages.gen";
import { describeWaiting, keyOfWaiting, listWaiting } from "../ui/activity_words";
import { h } from "../ui/dom";

/** The sentences for those that have begun to wait since the last call. */
export class NewWaitings {
  #known = new Set<string>();

  take(sessions: readonly SessionInfo[]): string[] {
    const waiting = listWaiting(sessions);
    const fresh = waiting.filter((session) => !this.#known.has(keyOfWaiting(session)));
    this.#known = new Set(waiting.map(keyOfWaiting));
    return fresh.map(describeWaiting);
  }
}

export class Announcer {
  readonly element = h("div", {
    class: "spoken-only",
    attrs: { role: "status", "aria-live": "polite", "data-testid": "announcer" },
  });
  readonly #fresh = new NewWaitings();

  update(sessions: readonly SessionInfo[]): void {
    const sentences = this.#fresh.take(sessions);
    if (sentences.length > 0) this.element.textContent = sentences.join(". ");
  }
}
