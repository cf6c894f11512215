/** On narrow screens the sidebar is a drawer over the terminal. */

import { h } from "./dom";

export class Drawer {
  readonly backdrop: HTMLElement;
  readonly #sidebar: HTMLElement;
  readonly #button: HTMLElement;
  readonly #narrow = matchMedia("(max-width: 760px)");

  constructor(sidebar: HTMLElement, button: HTMLElement) {
    this.#sidebar = sidebar;
    this.#button = button;
    this.backdrop = h("div", {
      class: "backdrop",
      attrs: { hidden: true },
      on: { click: () => this.close() },
    });
    this.#narrow.addEventListener("change", () => this.#set(false));
    sidebar.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#isOpen) return;
      this.close();
      this.#button.focus();
    });
    this.#set(false);
  }

  toggle(): void {
    this.#set(!this.#isOpen);
    if (this.#isOpen) this.#sidebar.querySelector("button")?.focus();
  }

  close(): void {
    this.#set(false);
  }

  get #isOpen(): boolean {
    return this.#sidebar.classList.contains("open");
  }

  #set(isOpen: boolean): void {
    this.#sidebar.classList.toggle("open", isOpen);
    // What is off the screen must not be reached with the keyboard either.
    this.#sidebar.inert = this.#narrow.matches && !isOpen;
    this.backdrop.hidden = !isOpen;
    this.#button.setAttribute("aria-expanded", String(isOpen));
  }
}
