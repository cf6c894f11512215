/** Keeps a copy of what the daemon has: fetches it anew when something tells of a change. */
export class Refetch {
  readonly #fetch: () => Promise<void>;
  #isFetching = false;
  #isStale = false;

  constructor(fetch: () => Promise<void>) {
    this.#fetch = fetch;
  }

  /** Several wishes at once are one more fetch, behind the one that is under way. */
  async wish(): Promise<void> {
    this.#isStale = true;
    if (this.#isFetching) return;
    this.#isFetching = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        await this.#fetch();
      }
    } catch {
      // The connection broke: it is wished for again when that is back.
    } finally {
      this.#isFetching = false;
    }
  }
}
