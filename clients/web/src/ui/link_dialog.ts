/** Asks before a link is followed whose address does not stand on the screen. */

import { describeLink, openLink } from "../terminal/links";
import { showDialog } from "./dialog";
import { h } from "./dom";
import { describeError } from "./words";

export function askLink(uri: string, onDone: () => void): void {
  const address = h(
    "code",
    { class: "link-address", attrs: { "data-testid": "link-address" } },
    describeLink(uri),
  );
  const dialog = showDialog(
    {
      title: "Open this link?",
      testId: "link-dialog",
      body: [h("p", { class: "dialog-text" }, "A program in the terminal links to:"), address],
      confirm: "Open",
      onConfirm: async () => openLink(uri),
      onDone,
    },
    describeError,
  );
  dialog.querySelector<HTMLButtonElement>('[data-testid="dialog-cancel"]')?.focus();
}
