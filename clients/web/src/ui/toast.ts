import { h } from "./dom";

const SHOWN_MS = 6000;

/** Short news that need no answer. */
export class Toasts {
  readonly element = h("div", { class: "toasts", attrs: { role: "status", "data-testid": "toasts" } });

  show(text: string): void {
    const toast = h("div", { class: "toast" }, text);
    this.element.append(toast);
    setTimeout(() => toast.remove(), SHOWN_MS);
  }
}
