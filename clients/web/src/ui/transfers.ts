/** Files on their way: how far each is, how to stop it, and what went wrong. */

import { iconButton } from "./button";
import { h, setText } from "./dom";
import { formatSize } from "./limit_words";

const PERCENT = 100;

/** One file's line. */
export class TransferRow {
  readonly element: HTMLElement;
  readonly #text = h("span", { class: "transfer-text" });
  readonly #bar: HTMLProgressElement;
  readonly #name: string;
  readonly #size: number;

  constructor(name: string, size: number, onClose: () => void) {
    this.#name = name;
    this.#size = size;
    this.#bar = h("progress", {
      class: "transfer-bar",
      attrs: { max: PERCENT, value: 0, "aria-label": `Sending ${name}` },
    });
    const close = iconButton("close", `Stop sending ${name}`, "transfer-close", () => {
      onClose();
      this.element.remove();
    });
    this.element = h(
      "div",
      { class: "transfer", attrs: { "data-testid": "transfer" } },
      h("div", { class: "transfer-main" }, this.#text, this.#bar),
      close,
    );
    this.show(0, true);
  }

  /** `isConnected` false: it goes on by itself later. */
  show(received: number, isConnected: boolean): void {
    this.#bar.value = this.#size === 0 ? PERCENT : (PERCENT * received) / this.#size;
    const state = isConnected
      ? `${formatSize(received)} of ${formatSize(this.#size)}`
      : "waits for the connection";
    setText(this.#text, `${this.#name}: ${state}`);
  }

  fail(reason: string): void {
    this.#bar.remove();
    this.element.classList.add("failed");
    this.element.setAttribute("role", "alert");
    setText(this.#text, `${this.#name} was not sent: ${reason}`);
    const close = this.element.querySelector("button");
    close?.setAttribute("aria-label", "Dismiss");
    close?.setAttribute("title", "Dismiss");
  }

  remove(): void {
    this.element.remove();
  }
}

export class Transfers {
  readonly element = h("div", { class: "transfers", attrs: { "data-testid": "transfers" } });

  add(name: string, size: number, onClose: () => void): TransferRow {
    const row = new TransferRow(name, size, onClose);
    this.element.append(row.element);
    return row;
  }
}
