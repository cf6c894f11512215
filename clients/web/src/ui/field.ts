import { h } from "./dom";

export interface FieldOptions {
  readonly label: string;
  readonly testId: string;
  readonly hint?: string;
  readonly value?: string;
  readonly placeholder?: string;
  readonly isCode?: boolean;
}

/** A labelled line of text with room for what is wrong with it. */
export class Field {
  readonly element: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #error: HTMLElement;

  constructor({ label, testId, hint = "", value = "", placeholder = "", isCode = false }: FieldOptions) {
    const hintId = `${testId}-hint`;
    const errorId = `${testId}-error`;
    this.#input = h("input", {
      class: isCode ? "input code" : "input",
      attrs: {
        id: testId,
        type: "text",
        value,
        placeholder,
        autocomplete: "off",
        autocapitalize: "none",
        autocorrect: "off",
        spellcheck: "false",
        "aria-describedby": `${hintId} ${errorId}`,
        "data-testid": testId,
      },
      on: { input: () => this.setError("") },
    });
    this.#error = h("p", {
      class: "field-error",
      attrs: { id: errorId, role: "alert", "data-testid": errorId },
    });
    this.element = h(
      "div",
      { class: "field" },
      h("label", { attrs: { for: testId } }, label),
      this.#input,
      h("p", { class: "field-hint", attrs: { id: hintId } }, hint),
      this.#error,
    );
  }

  get value(): string {
    return this.#input.value;
  }

  setError(message: string): void {
    this.#error.textContent = message;
    this.#input.setAttribute("aria-invalid", String(message !== ""));
    if (message !== "") this.#input.focus();
  }

  select(): void {
    this.#input.focus();
    this.#input.select();
  }
}
