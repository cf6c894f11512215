/**
 * Ctrl+V where it is both the browser's paste and a key of the terminal.
 *
 * With a picture or a file on the clipboard it pastes that. With anything else it stays the key that programs know (a
 * literal next character in a shell, a block in vim). Only the paste event says what there is, and asks nobody for leave:
 * so the key is left to the browser, and typed when no files have come with it.
 */
export class CtrlV {
  readonly #type: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `type`: give the key to the program. */
  constructor(type: () => void) {
    this.#type = type;
  }

  /** Whether an event is this key, which the terminal then must not take. Its order among other keys is kept. */
  handle(event: KeyboardEvent): boolean {
    const isKey =
      event.ctrlKey && !event.shiftKey && !event.altKey && !event.metaKey && event.key.toLowerCase() === "v";
    if (event.type === "keydown") {
      this.#settle(true);
      // The event comes before the browser goes on, if it comes at all.
      if (isKey) this.#timer = setTimeout(() => this.#settle(true), 0);
    }
    return isKey;
  }

  /** A paste event, before anybody else sees it; `hasFiles`: those are meant. */
  handlePaste(event: ClipboardEvent, hasFiles: boolean): void {
    if (this.#timer === undefined) return;
    if (!hasFiles) {
      event.preventDefault();
      event.stopPropagation();
    }
    this.#settle(!hasFiles);
  }

  #settle(isTyped: boolean): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (isTyped) this.#type();
  }
}
