/** Conversations of Claude Code: what they cost, all of them, and a search. Over the whole page. */

import "./conversations.css";
import type { Connection } from "../net/connection";
import type {
  ConversationHit,
  ConversationInfo,
  CostResult,
  KeptSession,
  SessionInfo,
} from "../protocol/messages.gen";
import { iconButton, textButton } from "../ui/button";
import { h, setText } from "../ui/dom";
import { describeError } from "../ui/words";
import { drawConversations } from "./conversation_list";
import { drawDays, fillDays } from "./day_plot";
import { drawDirectories } from "./directory_plot";
import { exportConversation, fileNameOf, saveBlob } from "./export_conversation";
import { formatCost } from "./money";

const DAYS = 30;
const MAX_LISTED = 100;
/** A search reads all transcripts: not for each letter. */
const TYPING_MS = 300;
const MIN_SEARCHED = 2;

export interface ConversationsOptions {
  readonly connection: Pick<Connection, "request">;
  readonly mayCreate: boolean;
  /** Shows a session, new or not. */
  open(session: string | SessionInfo): void;
  measureSize(): { cols?: number; rows?: number };
  onClosed(): void;
}

export function showConversations(options: ConversationsOptions): void {
  const page = new ConversationsPage(options);
  document.body.append(page.element);
  page.element.showModal();
  void page.load();
}

class ConversationsPage {
  readonly element: HTMLDialogElement;
  readonly #options: ConversationsOptions;
  readonly #costs = h("section", { class: "costs", attrs: { "aria-label": "Cost" } });
  readonly #kept = h("section", { class: "kept", attrs: { hidden: true, "data-testid": "kept" } });
  readonly #list = h("div", { class: "conversation-results" });
  readonly #note = h("p", {
    class: "conversations-note",
    attrs: { role: "status", "data-testid": "conversations-note" },
  });
  readonly #error = h("p", {
    class: "dialog-error",
    attrs: { role: "alert", "data-testid": "conversations-error" },
  });
  readonly #search: HTMLInputElement;
  #typing: ReturnType<typeof setTimeout> | undefined;
  /** Counts what was asked for: an answer that is late is not shown. */
  #asked = 0;

  constructor(options: ConversationsOptions) {
    this.#options = options;
    this.#search = h("input", {
      class: "input conversations-search",
      attrs: {
        type: "search",
        placeholder: "Search what was said",
        "aria-label": "Search conversations",
        "data-testid": "conversations-search",
        autocomplete: "off",
      },
      on: { input: () => this.#noteTyping() },
    });
    this.element = h(
      "dialog",
      {
        class: "conversations-page",
        attrs: { "data-testid": "conversations", "aria-labelledby": "conversations-title" },
        on: { close: () => this.#end() },
      },
      h(
        "header",
        { class: "conversations-head" },
        h("h2", { attrs: { id: "conversations-title" } }, "Conversations"),
        iconButton("close", "Close", "conversations-close", () => this.element.close()),
      ),
      h(
        "div",
        { class: "conversations-body" },
        this.#error,
        this.#kept,
        this.#costs,
        this.#search,
        this.#note,
        this.#list,
      ),
    );
  }

  async load(): Promise<void> {
    await Promise.all([
      this.#attempt(() => this.#showCosts()),
      this.#attempt(() => this.#showKept()),
      this.#attempt(() => this.#showAll()),
    ]);
  }

  #end(): void {
    clearTimeout(this.#typing);
    this.element.remove();
    this.#options.onClosed();
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    setText(this.#error, "");
    try {
      await action();
    } catch (error) {
      setText(this.#error, describeError(error));
    }
  }

  // --- costs ---

  async #showCosts(): Promise<void> {
    const { connection } = this.#options;
    const [byDay, byDirectory] = await Promise.all([
      connection.request("cost", { by: "day" }),
      connection.request("cost", { by: "directory" }),
    ]);
    const today = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
    this.#costs.replaceChildren(
      h("h3", {}, "By day"),
      drawDays(fillDays(byDay.rows, today, DAYS), this.#costs.clientWidth),
      h("p", { class: "costs-total", attrs: { "data-testid": "cost-total" } }, describeTotal(byDay)),
      h("h3", {}, "By directory"),
      drawDirectories(byDirectory.rows),
    );
  }

  // --- sessions that wait to come back ---

  async #showKept(): Promise<void> {
    const kept = await this.#options.connection.request("kept", {});
    this.#kept.hidden = kept.length === 0 || !this.#options.mayCreate;
    this.#kept.replaceChildren(
      h("h3", {}, "Ended with the machine or the daemon"),
      h("ul", {}, ...kept.map((one) => this.#drawKept(one))),
    );
  }

  #drawKept(one: KeptSession): HTMLElement {
    return h(
      "li",
      {},
      h("span", { class: "kept-name" }, one.name, h("small", {}, one.problem || one.cwd)),
      textButton("Resume", "kept-resume", "small primary", () => void this.#resume(one.name, false)),
    );
  }

  // --- conversations ---

  #noteTyping(): void {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.#attempt(() => this.#showFound()), TYPING_MS);
  }

  async #showFound(): Promise<void> {
    const text = this.#search.value.trim();
    if (text.length < MIN_SEARCHED) {
      await this.#showAll();
      return;
    }
    const asked = this.#begin("Searching…");
    const result = await this.#options.connection.request("conversation_search", { text });
    const more = result.is_complete ? "" : "There may be more.";
    this.#show(asked, result.hits, result.hits.length === 0 ? "Nothing found." : more);
  }

  async #showAll(): Promise<void> {
    const asked = this.#begin("Reading…");
    const result = await this.#options.connection.request("conversations", { limit: MAX_LISTED });
    const hits = result.conversations.map((conversation) => ({ conversation, excerpts: [] }));
    const left = result.total - hits.length;
    this.#show(
      asked,
      hits,
      hits.length === 0 ? "No conversations yet." : left > 0 ? `${left} older ones.` : "",
    );
  }

  #begin(note: string): number {
    setText(this.#note, note);
    this.#asked += 1;
    return this.#asked;
  }

  #show(asked: number, hits: readonly ConversationHit[], note: string): void {
    if (asked !== this.#asked) return;
    setText(this.#note, note);
    const { mayCreate } = this.#options;
    const actions = {
      mayCreate,
      open: (session: string) => this.#leaveFor(session),
      resume: (one: ConversationInfo) => void this.#resume(one.id, false),
      fork: (one: ConversationInfo) => void this.#resume(one.id, true),
      save: (one: ConversationInfo) => void this.#attempt(() => this.#save(one)),
    };
    this.#list.replaceChildren(drawConversations(hits, actions, Date.now() / 1000));
  }

  async #resume(conversation: string, fork: boolean): Promise<void> {
    await this.#attempt(async () => {
      const size = this.#options.measureSize();
      this.#leaveFor(await this.#options.connection.request("resume", { conversation, fork, ...size }));
    });
  }

  #leaveFor(session: string | SessionInfo): void {
    this.element.close();
    this.#options.open(session);
  }

  async #save(conversation: ConversationInfo): Promise<void> {
    saveBlob(await exportConversation(this.#options.connection, conversation.id), fileNameOf(conversation));
  }
}

export function describeTotal({ total }: Pick<CostResult, "total">): string {
  const words = `${formatCost(total)} in ${total.conversations} ${total.conversations === 1 ? "conversation" : "conversations"}`;
  return total.estimated_usd > 0 ? `${words}; what has a ~ is estimated from tokens` : words;
}
