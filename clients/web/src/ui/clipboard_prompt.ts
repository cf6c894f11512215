/**
 * Asks before a program fills the clipboard (OSC 52): what is pasted next may be run by a shell. Nothing happens unless
 * the user says so; "always" and "never" hold for the session as long as the page does.
 */

import { textButton } from "./button";
import { h, setText } from "./dom";

const MAX_PREVIEW_CHARS = 160;

type Answer = "always" | "never";

/** What a program wants to be copied, so that every character of it can be seen. */
export function previewText(text: string): string {
  const chars = [...text];
  const shown = chars.slice(0, MAX_PREVIEW_CHARS).map(showChar).join("");
  return chars.length > MAX_PREVIEW_CHARS ? `${shown}…` : shown;
}

function showChar(char: string): string {
  if (char === "\n") return "⏎";
  if (char === "\t") return "⇥";
  // Controls, and what is invisible or turns the direction of its neighbours.
  return /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]/u.test(char)
    ? `\\u{${char.codePointAt(0)?.toString(16)}}`
    : char;
}

export class ClipboardPrompt {
  readonly element: HTMLElement;
  readonly #write: (text: string) => void;
  readonly #onDone: () => void;
  readonly #question = h("span", { class: "banner-text" });
  readonly #preview = h("code", {
    class: "clipboard-preview",
    attrs: { "data-testid": "clipboard-preview" },
  });
  readonly #answers = new Map<string, Answer>();
  #session = "";
  #text = "";

  /** `write` fills the clipboard; `onDone`: the user has answered. */
  constructor(write: (text: string) => void, onDone: () => void) {
    this.#write = write;
    this.#onDone = onDone;
    this.element = h(
      "div",
      {
        class: "banner clipboard-prompt",
        attrs: { hidden: true, role: "status", "data-testid": "clipboard-prompt" },
      },
      this.#question,
      this.#preview,
      textButton("Don’t copy", "clipboard-deny", "small primary", () => this.#settle(false, null)),
      textButton("Copy", "clipboard-allow", "small", () => this.#settle(true, null)),
      textButton("Always", "clipboard-always", "small", () => this.#settle(true, "always")),
      textButton("Never", "clipboard-never", "small", () => this.#settle(false, "never")),
    );
  }

  /** A program of `session` wants `text` to be on the clipboard. */
  offer(session: string, text: string): void {
    const answer = this.#answers.get(session);
    if (answer === "never" || text === "") return;
    if (answer === "always") {
      this.#write(text);
      return;
    }
    this.#session = session;
    this.#text = text;
    const count = [...text].length;
    setText(
      this.#question,
      `A program wants to copy ${count} ${count === 1 ? "character" : "characters"} to your clipboard:`,
    );
    setText(this.#preview, previewText(text));
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
    this.#text = "";
  }

  #settle(isAllowed: boolean, answer: Answer | null): void {
    if (answer !== null) this.#answers.set(this.#session, answer);
    if (isAllowed && this.#text !== "") this.#write(this.#text);
    this.hide();
    this.#onDone();
  }
}
