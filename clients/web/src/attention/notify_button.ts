/** Turns the browser's notifications on and off. */

import { h } from "../ui/dom";
import { icon } from "../ui/icons";
import type { NotificationChoice } from "./page_notifications";

const labels: Readonly<Record<NotificationChoice, string>> = {
  on: "Notifications are on",
  off: "Notify me when one waits",
  blocked: "The browser blocks notifications",
  unsupported: "",
};

export class NotifyButton {
  readonly element: HTMLButtonElement;
  readonly #label = h("span");

  constructor(onClick: () => void) {
    this.element = h(
      "button",
      {
        class: "button notify",
        attrs: { type: "button", "data-testid": "notify", hidden: true },
        on: { click: onClick },
      },
      icon("bell"),
      this.#label,
    );
  }

  update(choice: NotificationChoice): void {
    this.element.hidden = choice === "unsupported";
    this.element.disabled = choice === "blocked";
    this.element.title =
      choice === "blocked" ? "Allow them for this page in the browser's settings." : labels[choice];
    this.element.setAttribute("aria-pressed", String(choice === "on"));
    if (this.#label.textContent !== labels[choice]) this.#label.textContent = labels[choice];
  }
}
