/** The strip under a terminal whose session has ended or was detached. */

import type { ViewEnd } from "../terminal/terminal_view";
import { textButton } from "./button";
import { h, setText } from "./dom";
import { describeEnd } from "./words";

export interface EndActions {
  runAgain(): void;
  attachAgain(): void;
  close(): void;
}

export class EndBanner {
  readonly element: HTMLElement;
  readonly #text = h("span", { class: "banner-text", attrs: { role: "status" } });
  readonly #again: HTMLButtonElement;
  readonly #attach: HTMLButtonElement;

  constructor(actions: EndActions) {
    this.#again = textButton("Run again", "end-run-again", "small primary", () => actions.runAgain());
    this.#attach = textButton("Attach again", "end-attach", "small primary", () => actions.attachAgain());
    this.element = h(
      "div",
      { class: "banner", attrs: { hidden: true, "data-testid": "end" } },
      this.#text,
      this.#again,
      this.#attach,
      textButton("Close", "end-close", "small", () => actions.close()),
    );
  }

  update(end: ViewEnd | null, mayCreate: boolean): void {
    this.element.hidden = end === null;
    if (end === null) return;
    setText(this.#text, describeEnd(end));
    this.#again.hidden = end.type !== "exited" || !mayCreate;
    this.#attach.hidden = end.type !== "detached";
  }
}
