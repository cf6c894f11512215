/** Asks a session's program: what was asked, what waits, and a place to write. On a phone it fills the screen. */

import type { Event, Prompt, SessionInfo } from "../protocol/messages.gen";
import { iconButton, textButton } from "../ui/button";
import { h, setText } from "../ui/dom";
import { describeError } from "../ui/words";
import { PromptItem } from "./prompt_item";
import { type PromptRequests, Prompts } from "./prompts";
import "./prompts.css";

export interface PromptsDialogOptions {
  readonly requests: PromptRequests;
  onClosed(): void;
}

export class PromptsDialog {
  readonly #options: PromptsDialogOptions;
  readonly #title = h("h2", { attrs: { id: "prompts-title" } });
  readonly #list = h("ol", { class: "prompt-list", attrs: { "aria-label": "Prompts" } });
  readonly #empty = h("p", { class: "sheet-empty" }, "Nothing was asked here yet.");
  readonly #text = h("textarea", {
    class: "input prompt-input",
    attrs: { rows: 3, "aria-label": "Prompt", "data-testid": "prompt-input" },
  });
  readonly #error = h("p", {
    class: "dialog-error",
    attrs: { role: "alert", "data-testid": "prompts-error" },
  });
  readonly #cancel = textButton("Cancel", "prompt-cancel", "", () => this.#edit(null));
  readonly #send = h("button", {
    class: "button primary",
    attrs: { type: "submit", "data-testid": "prompt-send" },
  });
  readonly #form = h(
    "form",
    { class: "prompt-form", on: { submit: (event) => void this.#submit(event) } },
    this.#text,
    this.#error,
    h("div", { class: "dialog-buttons" }, this.#cancel, this.#send),
  );
  readonly #dialog: HTMLDialogElement;
  #prompts: Prompts | null = null;
  readonly #items = new Map<string, PromptItem>();
  #session = "";
  /** The one that is being changed. */
  #edited: string | null = null;

  constructor(options: PromptsDialogOptions) {
    this.#options = options;
    this.#text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
    });
    this.#dialog = h(
      "dialog",
      {
        class: "sheet prompts",
        attrs: { "aria-labelledby": "prompts-title", "data-testid": "prompts" },
        on: { close: () => this.#end() },
      },
      h(
        "header",
        { class: "sheet-head" },
        this.#title,
        iconButton("close", "Close", "prompts-close", () => this.#dialog.close()),
      ),
      this.#empty,
      this.#list,
      this.#form,
    );
  }

  open({ id, name }: SessionInfo): void {
    if (this.#dialog.open) return;
    this.#session = id;
    this.#prompts = new Prompts(id, this.#options.requests, () => this.#draw());
    setText(this.#title, `Ask ${name}`);
    this.#edit(null);
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#text.focus();
    this.#empty.hidden = true;
    this.refresh();
  }

  /** The daemon has told of something. */
  note(event: Event): void {
    if (event.kind === "prompt" && event.session === this.#session) this.refresh();
  }

  refresh(): void {
    void this.#prompts?.refresh();
  }

  #draw(): void {
    const prompts = this.#prompts?.prompts ?? [];
    const ids = new Set(prompts.map((prompt) => prompt.id));
    for (const [id, item] of this.#items) if (!ids.has(id)) this.#remove(id, item);
    for (const prompt of prompts) {
      const item = this.#items.get(prompt.id);
      if (item === undefined) this.#add(prompt);
      else item.update(prompt);
    }
    this.#empty.hidden = prompts.length > 0;
  }

  #add(prompt: Prompt): void {
    const item = new PromptItem(prompt, {
      edit: (chosen) => this.#edit(chosen),
      drop: (chosen) => void this.#try((prompts) => prompts.drop(chosen.id)),
    });
    this.#items.set(prompt.id, item);
    this.#list.append(item.element);
    item.element.scrollIntoView({ block: "nearest" });
  }

  #remove(id: string, item: PromptItem): void {
    this.#items.delete(id);
    item.element.remove();
  }

  #edit(prompt: Prompt | null): void {
    this.#edited = prompt?.id ?? null;
    this.#text.value = prompt?.text ?? "";
    setText(this.#send, prompt === null ? "Ask" : "Change");
    this.#cancel.hidden = prompt === null;
    setText(this.#error, "");
    if (prompt !== null) this.#text.focus();
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const text = this.#text.value;
    if (text.trim() === "") return;
    this.#send.disabled = true;
    const edited = this.#edited;
    const isDone = await this.#try((prompts) =>
      edited === null ? prompts.add(text) : prompts.edit(edited, text),
    );
    this.#send.disabled = false;
    if (isDone) this.#edit(null);
    this.#text.focus();
  }

  /** Shows why it was refused: what was written stays. */
  async #try(action: (prompts: Prompts) => Promise<void>): Promise<boolean> {
    setText(this.#error, "");
    try {
      if (this.#prompts !== null) await action(this.#prompts);
      return true;
    } catch (error) {
      setText(this.#error, describeError(error));
      this.refresh();
      return false;
    }
  }

  #end(): void {
    this.#dialog.remove();
    this.#prompts = null;
    for (const [id, item] of this.#items) this.#remove(id, item);
    this.#options.onClosed();
  }
}
