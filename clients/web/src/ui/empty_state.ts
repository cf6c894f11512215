/** What the page shows before a session is open: how to begin. */

import { h } from "./dom";
import { icon } from "./icons";

export function createEmptyState(createButton: HTMLElement): HTMLElement {
  return h(
    "section",
    { class: "empty", attrs: { "data-testid": "empty" } },
    h("div", { class: "empty-mark" }, icon("prompt")),
    h("h1", {}, "No session is open"),
    h(
      "p",
      {},
      "Choose one from the list, or start a new one. It keeps running when you close this page, and you find it here, or in any terminal, as you left it.",
    ),
    createButton,
    h(
      "dl",
      { class: "empty-hints" },
      h("dt", {}, h("code", {}, "ptyd new -- htop")),
      h("dd", {}, "start one from a terminal"),
      h("dt", {}, h("code", {}, "ptyd attach")),
      h("dd", {}, "go on there with the latest"),
    ),
  );
}
