/** Light or dark: as the system, until the user chooses. */

import type { Scheme } from "../terminal/colours";

export type ThemeChoice = "auto" | Scheme;

const KEY = "ptyd.theme";
const order: readonly ThemeChoice[] = ["auto", "light", "dark"];

export class Theme {
  readonly #system = matchMedia("(prefers-color-scheme: dark)");
  readonly #onChange: (scheme: Scheme) => void;
  #choice: ThemeChoice;

  constructor(onChange: (scheme: Scheme) => void) {
    this.#onChange = onChange;
    const stored = localStorage.getItem(KEY);
    this.#choice = order.find((choice) => choice === stored) ?? "auto";
    this.#system.addEventListener("change", () => this.#apply());
    this.#apply();
  }

  get choice(): ThemeChoice {
    return this.#choice;
  }

  get scheme(): Scheme {
    if (this.#choice !== "auto") return this.#choice;
    return this.#system.matches ? "dark" : "light";
  }

  cycle(): void {
    this.#choice = order[(order.indexOf(this.#choice) + 1) % order.length] ?? "auto";
    localStorage.setItem(KEY, this.#choice);
    this.#apply();
  }

  #apply(): void {
    const { scheme } = this;
    document.documentElement.dataset.theme = scheme;
    const bar = scheme === "dark" ? "#1b1e25" : "#f4f4f2";
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", bar);
    this.#onChange(scheme);
  }
}
