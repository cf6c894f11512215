/** A modal question: the browser's own dialog, which keeps the focus inside and closes on Escape. */

import { type Child, h } from "./dom";

export interface DialogOptions {
  readonly title: string;
  readonly testId: string;
  readonly body: readonly Child[];
  readonly confirm: string;
  readonly isDangerous?: boolean;
  /** Does it; an error that it throws is shown and leaves the dialog open. */
  onConfirm(): Promise<void>;
  /** It was done and the dialog has closed: the place for the focus to go. */
  onDone(): void;
  /** Shows an error beside its cause; false: show it at the foot. */
  onError?(error: unknown): boolean;
}

export function showDialog(
  options: DialogOptions,
  describeError: (error: unknown) => string,
): HTMLDialogElement {
  const errorLine = h("p", {
    class: "dialog-error",
    attrs: { role: "alert", "data-testid": "dialog-error" },
  });
  const confirm = h(
    "button",
    {
      class: `button ${options.isDangerous ? "danger" : "primary"}`,
      attrs: { type: "submit", "data-testid": "dialog-confirm" },
    },
    options.confirm,
  );
  const cancel = h(
    "button",
    {
      class: "button",
      attrs: { type: "button", "data-testid": "dialog-cancel" },
      on: { click: () => dialog.close() },
    },
    "Cancel",
  );

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    confirm.disabled = true;
    errorLine.textContent = "";
    try {
      await options.onConfirm();
      dialog.close();
      options.onDone();
    } catch (error) {
      if (!options.onError?.(error)) errorLine.textContent = describeError(error);
    } finally {
      confirm.disabled = false;
    }
  }

  const titleId = `${options.testId}-title`;
  const dialog = h(
    "dialog",
    {
      class: "dialog",
      attrs: { "aria-labelledby": titleId, "data-testid": options.testId },
      on: { close: () => dialog.remove() },
    },
    h(
      "form",
      { attrs: { method: "dialog", novalidate: true }, on: { submit: (event) => void submit(event) } },
      h("h2", { attrs: { id: titleId } }, options.title),
      ...options.body,
      errorLine,
      h("div", { class: "dialog-buttons" }, cancel, confirm),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
