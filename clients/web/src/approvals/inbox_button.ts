/** The way into the inbox, with how many wait. */

import { h, setText } from "../ui/dom";
import { icon } from "../ui/icons";

export class InboxButton {
  readonly element: HTMLButtonElement;
  readonly #count = h("span", { class: "inbox-count", attrs: { "data-testid": "inbox-count" } });

  constructor(open: () => void) {
    this.element = h(
      "button",
      {
        class: "icon-button inbox-button",
        attrs: { type: "button", "data-testid": "inbox-open" },
        on: { click: open },
      },
      icon("inbox"),
      this.#count,
    );
    this.update(0);
  }

  update(count: number): void {
    const label = count === 0 ? "Inbox: nothing waits" : `Inbox: ${count} ${count === 1 ? "waits" : "wait"}`;
    setText(this.#count, String(count));
    this.#count.hidden = count === 0;
    this.element.setAttribute("aria-label", label);
    this.element.title = label;
  }
}
