import type { Modifiers } from "../terminal/modifiers";

/** "once": for the next key. "locked": until pressed again. */
export type StickyState = "off" | "once" | "locked";

const nextState: Readonly<Record<StickyState, StickyState>> = { off: "once", once: "locked", locked: "off" };

/** Ctrl and Alt for one finger: a press is for one key, a second press locks, a third lets go. */
export class StickyModifiers {
  readonly #onChange: () => void;
  readonly #states: Record<keyof Modifiers, StickyState> = { ctrl: "off", alt: "off" };

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  stateOf(name: keyof Modifiers): StickyState {
    return this.#states[name];
  }

  press(name: keyof Modifiers): void {
    this.#states[name] = nextState[this.#states[name]];
    this.#onChange();
  }

  take(): Modifiers {
    const taken = { ctrl: this.#states.ctrl !== "off", alt: this.#states.alt !== "off" };
    for (const name of ["ctrl", "alt"] as const) {
      if (this.#states[name] === "once") this.#states[name] = "off";
    }
    if (taken.ctrl || taken.alt) this.#onChange();
    return taken;
  }
}
