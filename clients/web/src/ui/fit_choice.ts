/** Whether a terminal that another client has sized is shrunk to the space there is, as the user chose last. */

const KEY = "ptyd.fit";

export class FitChoice {
  #isScaled = localStorage.getItem(KEY) !== "actual";

  /** False: it keeps its letters' size, and what does not fit is scrolled to. */
  get isScaled(): boolean {
    return this.#isScaled;
  }

  toggle(): void {
    this.#isScaled = !this.#isScaled;
    localStorage.setItem(KEY, this.#isScaled ? "scale" : "actual");
  }
}
