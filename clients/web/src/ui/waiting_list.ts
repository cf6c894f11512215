/** The part of the sidebar that shows which runs wait. */

import type { Access } from "../access";
import type { RunInfo } from "../protocol/messages.gen";
import { iconButton } from "./button";
import { h } from "./dom";

export class WaitingList {
  readonly element: HTMLElement;
  readonly #list = h("ol", { class: "waiting-list", attrs: { "aria-label": "Runs that wait for a place" } });
  readonly #drop: (run: RunInfo) => void;
  #shown = "";

  constructor(drop: (run: RunInfo) => void) {
    this.#drop = drop;
    this.element = h(
      "section",
      { class: "waiting", attrs: { hidden: true, "data-testid": "waiting-runs" } },
      h("h2", {}, "Waiting"),
      this.#list,
    );
  }

  update(runs: readonly RunInfo[], access: Access): void {
    this.element.hidden = runs.length === 0;
    // Drawn anew only where it differs: a button keeps its focus.
    const key = JSON.stringify(runs.map((run) => [run.id, access.controls(run)]));
    if (key === this.#shown) return;
    this.#shown = key;
    this.#list.replaceChildren(...runs.map((run) => this.#createRow(run, access)));
  }

  #createRow(run: RunInfo, access: Access): HTMLElement {
    const drop = iconButton("stop", `Drop “${run.prompt}”`, "waiting-drop", () => this.#drop(run));
    drop.hidden = !access.controls(run);
    return h(
      "li",
      { attrs: { title: run.prompt } },
      h("span", { class: "waiting-prompt" }, run.prompt),
      drop,
    );
  }
}
