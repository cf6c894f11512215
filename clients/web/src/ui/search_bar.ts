/** Find in the scrollback. */

import type { ISearchOptions, SearchAddon } from "@xterm/addon-search";
import { type Scheme, searchColours } from "../terminal/colours";
import { iconButton } from "./button";
import { h, setText } from "./dom";

export class SearchBar {
  readonly element: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #count = h("span", {
    class: "search-count",
    attrs: { role: "status", "data-testid": "search-count" },
  });
  readonly #caseButton: HTMLButtonElement;
  readonly #regexButton: HTMLButtonElement;
  readonly #onClose: () => void;
  #addon: SearchAddon | null = null;
  #subscription: { dispose(): void } | null = null;
  #scheme: Scheme = "dark";

  constructor(onClose: () => void) {
    this.#onClose = onClose;
    this.#input = h("input", {
      class: "input search-input",
      attrs: {
        type: "search",
        placeholder: "Find in scrollback",
        "aria-label": "Find in scrollback",
        autocomplete: "off",
        autocapitalize: "none",
        spellcheck: "false",
        "data-testid": "search-input",
      },
      on: { input: () => this.#find("previous", true), keydown: (event) => this.#handleKey(event) },
    });
    this.#caseButton = this.#toggle("Aa", "Match case", "search-case");
    this.#regexButton = this.#toggle(".*", "Regular expression", "search-regex");
    this.element = h(
      "search",
      { class: "search-bar", attrs: { hidden: true, "data-testid": "search-bar" } },
      this.#input,
      this.#count,
      this.#caseButton,
      this.#regexButton,
      iconButton("up", "Previous match (Shift+Enter)", "search-previous", () => this.#find("previous")),
      iconButton("down", "Next match (Enter)", "search-next", () => this.#find("next")),
      iconButton("close", "Close (Esc)", "search-close", () => this.close()),
    );
  }

  /** The terminal to search in. */
  setAddon(addon: SearchAddon | null): void {
    this.close();
    this.#subscription?.dispose();
    this.#addon = addon;
    this.#subscription =
      addon?.onDidChangeResults(({ resultIndex, resultCount }) =>
        this.#showCount(resultIndex, resultCount),
      ) ?? null;
  }

  setScheme(scheme: Scheme): void {
    this.#scheme = scheme;
    if (!this.element.hidden) this.#find("previous", true);
  }

  open(): void {
    if (this.#addon === null) return;
    this.element.hidden = false;
    this.#input.focus();
    this.#input.select();
    this.#find("previous", true);
  }

  close(): void {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.#addon?.clearDecorations();
    this.#onClose();
  }

  #toggle(text: string, label: string, testId: string): HTMLButtonElement {
    const button = h(
      "button",
      {
        class: "toggle",
        attrs: {
          type: "button",
          "aria-pressed": "false",
          "aria-label": label,
          title: label,
          "data-testid": testId,
        },
        on: {
          click: () => {
            button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
            this.#find("previous", true);
          },
        },
      },
      text,
    );
    return button;
  }

  #handleKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter") this.#find(event.shiftKey ? "previous" : "next");
    else return;
    event.preventDefault();
  }

  /** A new search begins at the bottom, where the newest is. */
  #find(direction: "next" | "previous", incremental = false): void {
    const text = this.#input.value;
    if (text === "") {
      this.#addon?.clearDecorations();
      setText(this.#count, "");
      return;
    }
    const options: ISearchOptions = {
      incremental,
      caseSensitive: this.#caseButton.getAttribute("aria-pressed") === "true",
      regex: this.#regexButton.getAttribute("aria-pressed") === "true",
      decorations: searchColours[this.#scheme],
    };
    try {
      if (direction === "next") this.#addon?.findNext(text, options);
      else this.#addon?.findPrevious(text, options);
      this.#input.setAttribute("aria-invalid", "false");
    } catch {
      // A regular expression that is not finished yet.
      this.#input.setAttribute("aria-invalid", "true");
      setText(this.#count, "not valid");
    }
  }

  #showCount(index: number, count: number): void {
    if (count === 0) setText(this.#count, "no matches");
    else setText(this.#count, index < 0 ? `${count}+` : `${index + 1} of ${count}`);
  }
}
