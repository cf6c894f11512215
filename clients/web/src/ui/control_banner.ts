/** Says that another client decides the size, and offers to take that over. */

import type { ViewState } from "../terminal/terminal_view";
import { textButton } from "./button";
import { h, setText } from "./dom";
import { icon } from "./icons";

export class ControlBanner {
  readonly element: HTMLElement;
  readonly #text = h("span", { class: "banner-text" });

  constructor(takeControl: () => void) {
    this.element = h(
      "div",
      { class: "banner", attrs: { hidden: true, role: "status", "data-testid": "observed" } },
      icon("people"),
      this.#text,
      textButton("Take control", "take-control", "small primary", takeControl),
    );
  }

  update(view: ViewState | null): void {
    const isObserved = view !== null && view.phase === "live" && !view.yours;
    this.element.hidden = !isObserved;
    if (isObserved) setText(this.#text, `Sized ${view.size.cols}×${view.size.rows} by another client.`);
  }
}
