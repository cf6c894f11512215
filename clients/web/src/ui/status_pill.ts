/** The connection's state: a pill that is always there, and a notice while something is wrong. */

import type { ConnectionStatus } from "../net/status";
import { textButton } from "./button";
import { h, setText } from "./dom";
import { describeStatus } from "./words";

/** A check after coming back usually takes a blink: not worth a word before this. */
const CHECKING_SHOWN_AFTER_MS = 300;
const COUNTDOWN_MS = 500;

export interface StatusActions {
  now(): number;
  reconnect(): void;
}

export class StatusPill {
  /** For the top bar. */
  readonly pill: HTMLElement;
  /** For above the terminal. */
  readonly notice: HTMLElement;
  readonly #actions: StatusActions;
  readonly #pillText = h("span", { class: "pill-text" });
  readonly #noticeText = h("span");
  readonly #pending = h("span", { class: "notice-pending" });
  readonly #action: HTMLButtonElement;
  #status: ConnectionStatus = { kind: "connecting" };
  #pendingBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(actions: StatusActions) {
    this.#actions = actions;
    this.pill = h(
      "span",
      { class: "pill", attrs: { role: "status", "data-testid": "status" } },
      h("span", { class: "pill-dot" }),
      this.#pillText,
    );
    this.#action = textButton("", "status-action", "small", () => this.#act());
    this.notice = h(
      "div",
      { class: "notice", attrs: { "data-testid": "notice" } },
      h("span", { class: "notice-text" }, this.#noticeText, this.#pending),
      this.#action,
    );
    this.update(this.#status);
  }

  update(status: ConnectionStatus): void {
    this.#status = status;
    clearTimeout(this.#timer);
    if (status.kind === "checking") this.#timer = setTimeout(() => this.#draw(), CHECKING_SHOWN_AFTER_MS);
    else this.#draw();
  }

  /** How much was typed that the daemon has not taken. */
  setPending(bytes: number): void {
    if (bytes === this.#pendingBytes) return;
    this.#pendingBytes = bytes;
    this.#drawPending();
  }

  #draw(): void {
    const status = this.#status;
    const words = describeStatus(status, this.#actions.now());
    this.pill.dataset.status = status.kind;
    this.pill.title = words.long;
    setText(this.#pillText, words.short);
    this.notice.hidden = words.long === "";
    this.notice.dataset.status = status.kind;
    setText(this.#noticeText, words.long);
    this.#action.hidden = words.action === null;
    setText(this.#action, words.action ?? "");
    this.#drawPending();
    if (status.kind === "reconnecting" && status.retryAtMs !== null) {
      this.#timer = setTimeout(() => this.#draw(), COUNTDOWN_MS);
    }
  }

  #drawPending(): void {
    const bytes = this.#pendingBytes;
    setText(this.#pending, bytes === 0 ? "" : ` ${bytes} ${bytes === 1 ? "byte" : "bytes"} waiting.`);
  }

  #act(): void {
    if (this.#status.kind === "taken_over") location.reload();
    else this.#actions.reconnect();
  }
}
