/** One prompt in the list: what was asked, what became of it, and what can still be done about it. */

import type { Prompt } from "../protocol/messages.gen";
import { iconButton } from "../ui/button";
import { h, setText } from "../ui/dom";
import { describePrompt } from "./prompt_words";

export interface PromptItemActions {
  edit(prompt: Prompt): void;
  drop(prompt: Prompt): void;
}

export class PromptItem {
  readonly element: HTMLLIElement;
  readonly #text = h("p", { class: "prompt-text" });
  readonly #state = h("p", { class: "prompt-state", attrs: { "data-testid": "prompt-state" } });
  readonly #answer = h("p", { class: "prompt-answer", attrs: { "data-testid": "prompt-answer" } });
  readonly #buttons: HTMLElement;
  #prompt: Prompt;

  constructor(prompt: Prompt, actions: PromptItemActions) {
    this.#prompt = prompt;
    this.#buttons = h(
      "div",
      { class: "prompt-buttons" },
      iconButton("pencil", "Change this prompt", "prompt-edit", () => actions.edit(this.#prompt)),
      iconButton("close", "Drop this prompt", "prompt-drop", () => actions.drop(this.#prompt)),
    );
    this.element = h(
      "li",
      { class: "prompt", attrs: { "data-testid": "prompt" } },
      h("div", { class: "prompt-head" }, this.#text, this.#buttons),
      this.#answer,
      this.#state,
    );
    this.update(prompt);
  }

  update(prompt: Prompt): void {
    this.#prompt = prompt;
    this.element.dataset.state = prompt.state;
    setText(this.#text, prompt.text);
    setText(this.#state, describePrompt(prompt));
    setText(this.#answer, prompt.message);
    this.#answer.hidden = prompt.message === "";
    this.#buttons.hidden = prompt.state !== "queued";
  }
}
