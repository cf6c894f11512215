/** A run on the page, live: what was asked, its blocks, and how it ended. */

import "./runs.css";
import type { Connection } from "../net/connection";
import type { ChannelEvent, ChannelPhase, ChannelState } from "../protocol/channel_state";
import type { SessionInfo } from "../protocol/messages.gen";
import { textButton } from "../ui/button";
import { h, setText } from "../ui/dom";
import { describeRunState, describeUsed } from "../ui/run_words";
import { createBlock } from "./block_element";
import { LineReader, type RunLine } from "./line_reader";
import { RunBlocks } from "./run_blocks";

/** So many are shown; the oldest give way. */
const MAX_BLOCKS = 2000;

/** Scrolled up by less counts as being at the end. */
const END_PX = 40;

export interface RunViewOptions {
  readonly host: HTMLElement;
  readonly connection: Connection;
  readonly session: SessionInfo;
  readonly mayStop: boolean;
  stop(): void;
  onState(): void;
}

export class RunView {
  readonly #options: RunViewOptions;
  readonly #channel: ChannelState;
  readonly #element: HTMLElement;
  readonly #list = h("div", {
    class: "run-blocks",
    attrs: { role: "log", "aria-label": "What the run does" },
  });
  readonly #state = h("span", { class: "run-state", attrs: { role: "status", "data-testid": "run-state" } });
  readonly #facts = h("span", { class: "run-facts", attrs: { "data-testid": "run-facts" } });
  readonly #message = h("p", {
    class: "run-message run-bad",
    attrs: { hidden: true, "data-testid": "run-message" },
  });
  readonly #stop: HTMLButtonElement;
  #reader = new LineReader();
  #blocks = new RunBlocks();
  #elements: HTMLElement[] = [];
  #isDrawDue = false;
  #isDisposed = false;

  constructor(options: RunViewOptions) {
    this.#options = options;
    this.#stop = textButton("Stop", "run-stop", "small", () => options.stop());
    this.#element = h(
      "section",
      { class: "run", attrs: { "data-testid": "run", tabindex: 0, "aria-label": "Structured run" } },
      h(
        "header",
        { class: "run-head" },
        h(
          "p",
          { class: "run-prompt", attrs: { "data-testid": "run-prompt" } },
          options.session.run?.prompt ?? "",
        ),
        h("p", { class: "run-line" }, this.#state, this.#facts, this.#stop),
        this.#message,
      ),
      this.#list,
    );
    options.host.append(this.#element);
    this.update(options.session);
    this.#channel = options.connection.attach(
      options.session.id,
      { cols: options.session.cols, rows: options.session.rows },
      { isObserver: true, history: Number.MAX_SAFE_INTEGER },
    );
  }

  get phase(): ChannelPhase {
    return this.#channel.phase;
  }

  /** What is shown, as text. */
  readText(): string {
    return this.#element.textContent ?? "";
  }

  offerFocus(): void {
    this.#element.focus({ preventScroll: true });
  }

  /** The session as last heard of. */
  update(session: SessionInfo): void {
    const { run } = session;
    if (run === null) return;
    setText(this.#state, describeRunState(run));
    this.#state.dataset.kind = run.outcome?.kind ?? run.state;
    const { outcome } = run;
    const used = outcome === null ? "" : describeUsed(outcome.turns, outcome.cost_usd, outcome.duration_ms);
    const model = run.model || this.#blocks.model;
    setText(this.#facts, [model, run.label, used].filter((fact) => fact !== "").join(" · "));
    setText(this.#message, outcome?.message ?? "");
    this.#message.hidden = (outcome?.message ?? "") === "";
    this.#stop.hidden = run.state !== "running" || !this.#options.mayStop;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#options.connection.detach(this.#channel);
    this.#element.remove();
  }

  // --- the channel ---

  handle(channel: ChannelState, event: ChannelEvent): void {
    if (channel !== this.#channel) return;
    switch (event.type) {
      case "reset":
        this.#startAnew();
        break;
      case "output":
        this.#add(this.#reader.feed(event.data, event.mark.end - event.data.length));
        this.#options.connection.act(() => channel.consume(event.mark));
        break;
      case "screen":
        // It has fallen behind, and goes on from here; what is missing is told.
        this.#add(this.#reader.feed(new Uint8Array(), event.mark.end));
        this.#options.connection.act(() => channel.consume(event.mark));
        break;
      case "exited":
        this.#add(this.#reader.finish());
        break;
      case "detached":
        this.#add([{ type: "problem", text: event.message }]);
        break;
    }
    this.#options.onState();
  }

  #startAnew(): void {
    this.#reader = new LineReader();
    this.#blocks = new RunBlocks();
    this.#elements = [];
    this.#list.replaceChildren();
  }

  #add(lines: readonly RunLine[]): void {
    for (const line of lines) this.#blocks.add(line);
    this.#scheduleDraw();
  }

  // --- what is shown ---

  /** Pieces come faster than anybody reads. */
  #scheduleDraw(): void {
    if (this.#isDrawDue) return;
    this.#isDrawDue = true;
    requestAnimationFrame(() => {
      this.#isDrawDue = false;
      if (!this.#isDisposed) this.#draw();
    });
  }

  #draw(): void {
    const element = this.#element;
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < END_PX;
    const { blocks } = this.#blocks;
    for (const index of this.#blocks.takeChanged()) this.#drawBlock(index);
    while (this.#elements.length > blocks.length) this.#elements.pop()?.remove();
    const surplus = this.#list.childElementCount - MAX_BLOCKS;
    for (let count = 0; count < surplus; count += 1) this.#list.firstElementChild?.remove();
    if (isAtEnd) element.scrollTop = element.scrollHeight;
  }

  #drawBlock(index: number): void {
    const block = this.#blocks.blocks[index];
    const before = this.#elements[index];
    if (block === undefined) return;
    const element = createBlock(block);
    this.#elements[index] = element;
    if (before === undefined) this.#list.append(element);
    else before.replaceWith(element);
  }
}
