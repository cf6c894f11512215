/** The inbox: everything that waits for somebody, the oldest first. On a phone it fills the screen. */

import type { Approval } from "../protocol/messages.gen";
import { iconButton } from "../ui/button";
import { h, setText } from "../ui/dom";
import { ApprovalCard } from "./approval_card";
import type { Inbox } from "./inbox";
import "./approvals.css";

const TICK_MS = 5000;
const GOODBYE_MS = 1500;
/** So long one that was answered here is still shown, with what came of it. */

export interface InboxDialogOptions {
  readonly inbox: Inbox;
  mayAnswer(approval: Approval): boolean;
  openSession(session: string): void;
  onClosed(): void;
}

export class InboxDialog {
  readonly #options: InboxDialogOptions;
  readonly #list = h("div", { class: "inbox-list" });
  readonly #empty = h("p", { class: "sheet-empty" }, "Nothing waits for you.");
  readonly #title = h("h2", { attrs: { id: "inbox-title" } });
  readonly #dialog: HTMLDialogElement;
  readonly #cards = new Map<string, ApprovalCard>();
  #timer = 0;

  constructor(options: InboxDialogOptions) {
    this.#options = options;
    this.#dialog = h(
      "dialog",
      {
        class: "sheet",
        attrs: { "aria-labelledby": "inbox-title", "data-testid": "inbox" },
        on: { close: () => this.#end() },
      },
      h(
        "header",
        { class: "sheet-head" },
        this.#title,
        iconButton("close", "Close", "inbox-close", () => this.close()),
      ),
      this.#empty,
      this.#list,
    );
  }

  get isOpen(): boolean {
    return this.#dialog.open;
  }

  open(): void {
    if (this.isOpen) return;
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#timer = window.setInterval(() => this.update(), TICK_MS);
    this.update();
    void this.#options.inbox.refresh();
  }

  close(): void {
    this.#dialog.close();
  }

  #end(): void {
    window.clearInterval(this.#timer);
    this.#dialog.remove();
    this.#cards.clear();
    this.#list.replaceChildren();
    this.#options.onClosed();
  }

  update(): void {
    if (!this.isOpen) return;
    const { approvals, count } = this.#options.inbox;
    setText(this.#title, count === 0 ? "Inbox" : `Inbox: ${count} waiting`);
    const nowMs = Date.now();
    for (const approval of approvals) {
      const card = this.#cards.get(approval.id) ?? this.#add(approval);
      card.update(approval, nowMs);
    }
    const ids = new Set(approvals.map((approval) => approval.id));
    for (const [id, card] of this.#cards) if (!ids.has(id)) this.#remove(id, card);
    this.#empty.hidden = this.#cards.size > 0;
  }

  #add(approval: Approval): ApprovalCard {
    const card = new ApprovalCard(
      approval,
      this.#options.mayAnswer(approval),
      (params) => this.#options.inbox.answer(params),
      () => {
        this.close();
        this.#options.openSession(approval.session);
      },
    );
    this.#cards.set(approval.id, card);
    this.#list.append(card.element);
    return card;
  }

  #remove(id: string, card: ApprovalCard): void {
    this.#cards.delete(id);
    card.element.classList.add("approval-gone");
    card.element.inert = true;
    window.setTimeout(() => card.element.remove(), GOODBYE_MS);
  }
}
