/** Says that another client decides the size, and offers to take that over, or to look at it in another way. */

import type { ViewState } from "../terminal/terminal_view";
import { iconButton, textButton } from "./button";
import { h, setText } from "./dom";
import { icon } from "./icons";

export interface ControlBannerActions {
  takeControl(): void;
  toggleFit(): void;
}

export class ControlBanner {
  readonly element: HTMLElement;
  readonly #text = h("span", { class: "banner-text" });
  readonly #fit: HTMLButtonElement;
  readonly #take: HTMLButtonElement;

  constructor(actions: ControlBannerActions) {
    this.#fit = iconButton("fit", "Shrink to the window", "fit", () => actions.toggleFit());
    this.#take = textButton("Take control", "take-control", "small primary", () => actions.takeControl());
    this.element = h(
      "div",
      { class: "banner", attrs: { hidden: true, role: "status", "data-testid": "observed" } },
      icon("people"),
      this.#text,
      this.#fit,
      this.#take,
    );
  }

  update(view: ViewState | null, isScaled: boolean): void {
    const isObserved = view !== null && view.phase === "live" && !view.yours;
    this.element.hidden = !isObserved;
    this.#fit.setAttribute("aria-pressed", String(isScaled));
    if (!isObserved) return;
    this.#take.hidden = view.isObserver;
    if (view.isObserver) {
      setText(this.#text, "Read-only: you may look at this session, and not type.");
      return;
    }
    const size = `Sized ${view.size.cols}×${view.size.rows} by another client.`;
    setText(this.#text, view.locked ? `${size} Locked: typing does not take control.` : size);
  }
}
