/** The keys that touch keyboards lack. */

import type { BarKey, Modifiers } from "../terminal/modifiers";
import { h } from "./dom";
import { type IconName, icon } from "./icons";
import { StickyModifiers } from "./sticky_modifiers";

const REPEAT_AFTER_MS = 400;
const REPEAT_EVERY_MS = 60;

export interface KeyBarActions {
  press(key: BarKey): void;
  paste(): void;
  chooseFiles(): void;
  ask(): void;
}

export class KeyBar {
  readonly element: HTMLElement;
  readonly #actions: KeyBarActions;
  readonly #modifiers = new StickyModifiers(() => this.#drawModifiers());
  readonly #ctrl = this.#modifierKey("ctrl", "Ctrl");
  readonly #alt = this.#modifierKey("alt", "Alt");
  readonly #ask = this.#barButton("key-ask", "Ask its program", icon("send"), () => this.#actions.ask());

  constructor(actions: KeyBarActions) {
    this.#actions = actions;
    this.element = h(
      "div",
      {
        class: "key-bar",
        attrs: { role: "toolbar", "aria-label": "Terminal keys", "data-testid": "key-bar" },
      },
      this.#ask,
      this.#key("Escape", "Esc"),
      this.#key("Tab", "Tab"),
      this.#ctrl,
      this.#alt,
      this.#arrow("ArrowLeft", "left", "Left"),
      this.#arrow("ArrowDown", "down", "Down"),
      this.#arrow("ArrowUp", "up", "Up"),
      this.#arrow("ArrowRight", "right", "Right"),
      this.#key("ShiftTab", "⇧Tab", "Shift Tab"),
      this.#barButton("key-paste", "Paste", icon("paste"), () => actions.paste()),
      this.#barButton("key-files", "Send files", icon("clip"), () => actions.chooseFiles()),
    );
  }

  /** Whether its program can be asked. */
  setAskable(isAskable: boolean): void {
    this.#ask.hidden = !isAskable;
  }

  /** The modifiers for the key that is being typed; those that were set for one key are gone after it. */
  takeModifiers(): Modifiers {
    return this.#modifiers.take();
  }

  #key(key: BarKey, text: string, label: string = text): HTMLButtonElement {
    return this.#barButton(`key-${key}`, label, text, () => this.#actions.press(key));
  }

  #arrow(key: BarKey, name: IconName, label: string): HTMLButtonElement {
    const button = this.#barButton(`key-${key}`, label, icon(name), () => this.#actions.press(key));
    repeatWhileHeld(button, () => this.#actions.press(key));
    return button;
  }

  #modifierKey(name: keyof Modifiers, text: string): HTMLButtonElement {
    const button = this.#barButton(`key-${name}`, text, text, () => this.#modifiers.press(name));
    button.setAttribute("aria-pressed", "false");
    return button;
  }

  #barButton(testId: string, label: string, face: Node | string, onClick: () => void): HTMLButtonElement {
    return h(
      "button",
      {
        class: "key",
        attrs: { type: "button", "aria-label": label, "data-testid": testId },
        on: {
          // The terminal keeps the focus, and with it the touch keyboard stays open.
          pointerdown: (event) => event.preventDefault(),
          mousedown: (event) => event.preventDefault(),
          click: onClick,
        },
      },
      face,
    );
  }

  #drawModifiers(): void {
    for (const [name, button] of [
      ["ctrl", this.#ctrl],
      ["alt", this.#alt],
    ] as const) {
      const state = this.#modifiers.stateOf(name);
      button.setAttribute("aria-pressed", String(state !== "off"));
      button.dataset.state = state;
    }
  }
}

/** The first press is the click's; while the finger stays, more follow. */
function repeatWhileHeld(button: HTMLElement, press: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => clearTimeout(timer);
  const repeat = (): void => {
    press();
    timer = setTimeout(repeat, REPEAT_EVERY_MS);
  };
  button.addEventListener("pointerdown", () => {
    stop();
    timer = setTimeout(repeat, REPEAT_AFTER_MS);
  });
  for (const type of ["pointerup", "pointercancel", "pointerleave"]) button.addEventListener(type, stop);
}
