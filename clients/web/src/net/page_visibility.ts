/** Whether anybody can look at this page. */

/**
 * A page that the browser has put away, into the back-forward cache or to sleep, is as hidden as one in another tab; some
 * browsers say only one of these things.
 */
export class PageVisibility {
  readonly #listeners = new Set<() => void>();
  #isAway = false;

  constructor() {
    const setAway = (isAway: boolean) => (): void => {
      this.#isAway = isAway;
      this.#tell();
    };
    window.addEventListener("pagehide", setAway(true));
    window.addEventListener("pageshow", setAway(false));
    document.addEventListener("freeze", setAway(true));
    document.addEventListener("resume", setAway(false));
    document.addEventListener("visibilitychange", () => this.#tell());
  }

  get isHidden(): boolean {
    return this.#isAway || document.hidden;
  }

  /** Calls back whenever that may have changed; gives what ends it. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
