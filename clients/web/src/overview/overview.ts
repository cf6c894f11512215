/** All sessions at a glance: a live miniature of each with its state, cost and what waits; those that wait come first. */

import { formatCost } from "../conversations/money";
import type { CostRow, Miniature, SessionInfo } from "../protocol/messages.gen";
import type { Scheme } from "../terminal/colours";
import { describeDoing, isWaiting, putWaitingFirst } from "../ui/activity_words";
import { textButton } from "../ui/button";
import { h, setText } from "../ui/dom";
import { cleanTitle } from "../ui/program_title";
import { describeCommand, isGoodExit } from "../ui/words";
import { drawMiniature } from "./draw_miniature";
import { MiniatureFeed } from "./miniature_feed";
import { SessionCosts } from "./session_costs";

export interface OverviewOptions {
  open(session: SessionInfo): void;
  create(): void;
  readScheme(): Scheme;
  isConnected(): boolean;
  request(known: Record<string, number>): Promise<readonly Miniature[]>;
  requestCosts(): Promise<readonly CostRow[]>;
}

class Card {
  readonly element: HTMLLIElement;
  readonly canvas = h("canvas", { class: "miniature", attrs: { "aria-hidden": "true" } });
  readonly #dot = h("span", { class: "dot" });
  readonly #name = h("span", { class: "card-name" });
  readonly #state = h("span", { class: "card-state", attrs: { "data-testid": "card-state" } });
  readonly #detail = h("span", { class: "card-detail", attrs: { "data-testid": "card-detail" } });
  readonly #cost = h("span", { class: "card-cost", attrs: { "data-testid": "card-cost" } });
  session: SessionInfo;
  #miniature: Miniature | null = null;

  constructor(session: SessionInfo, options: OverviewOptions) {
    this.session = session;
    this.element = h(
      "li",
      { class: "card-place", attrs: { "data-testid": "card" } },
      h(
        "button",
        { class: "card", attrs: { type: "button" }, on: { click: () => options.open(this.session) } },
        h("span", { class: "card-head" }, this.#dot, this.#name, this.#state),
        h("span", { class: "card-screen" }, this.canvas),
        h("span", { class: "card-foot" }, this.#detail, this.#cost),
      ),
    );
  }

  update(session: SessionInfo, cost: ReturnType<SessionCosts["find"]>): void {
    this.session = session;
    const isRunning = session.state === "running";
    const isGood = isRunning || isGoodExit(session.exit_code, session.exit_signal);
    this.element.dataset.session = session.id;
    this.element.classList.toggle("waiting", isWaiting(session));
    this.#dot.className = `dot ${isRunning ? "dot-running" : isGood ? "dot-ended" : "dot-failed"}`;
    setText(this.#name, session.name);
    setText(this.#state, describeDoing(session));
    setText(this.#detail, describeDetail(session));
    setText(this.#cost, cost === null ? "" : formatCost(cost));
  }

  show(miniature: Miniature, scheme: Scheme): void {
    this.#miniature = miniature;
    this.canvas.dataset.offset = String(miniature.offset);
    drawMiniature(this.canvas, miniature, scheme);
  }

  redraw(scheme: Scheme): void {
    if (this.#miniature !== null) drawMiniature(this.canvas, this.#miniature, scheme);
  }
}

/** What waits, where somebody is waited for; else what the program calls itself. */
function describeDetail(session: SessionInfo): string {
  const waiting = isWaiting(session) ? cleanTitle(session.activity?.tool_detail ?? "") : "";
  return waiting || cleanTitle(session.title) || describeCommand(session);
}

export class Overview {
  readonly element: HTMLElement;
  readonly #options: OverviewOptions;
  readonly #list = h("ul", { class: "cards", attrs: { "data-testid": "cards" } });
  readonly #new: HTMLButtonElement;
  readonly #cards = new Map<string, Card>();
  readonly #visible = new Set<Element>();
  readonly #feed: MiniatureFeed;
  readonly #costs: SessionCosts;
  readonly #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#visible.add(target);
      else this.#visible.delete(target);
    }
    this.#feed.wake();
  });

  constructor(options: OverviewOptions) {
    this.#options = options;
    this.#new = textButton("Start a session", "overview-new", "primary", () => options.create());
    this.element = h(
      "section",
      { class: "overview", attrs: { hidden: true, "aria-label": "All sessions", "data-testid": "overview" } },
      h("div", { class: "overview-head" }, h("h1", {}, "Sessions"), this.#new),
      this.#list,
    );
    this.#feed = new MiniatureFeed({
      listVisible: () => this.#listVisible(),
      isWatched: () => !this.element.hidden && !document.hidden && options.isConnected(),
      request: (known) => options.request(known),
      onMiniature: (miniature) =>
        this.#cards.get(miniature.session)?.show(miniature, this.#options.readScheme()),
      schedule: (delayMs, action) => setTimeout(action, delayMs),
    });
    this.#costs = new SessionCosts({
      request: () => options.requestCosts(),
      onChange: () => this.#updateCards(),
      schedule: (delayMs, action) => setTimeout(action, delayMs),
    });
    document.addEventListener("visibilitychange", () => this.#feed.wake());
    new ResizeObserver(() => this.redraw()).observe(this.#list);
  }

  update(sessions: readonly SessionInfo[], isShown: boolean, mayCreate: boolean): void {
    this.element.hidden = !isShown;
    this.#new.hidden = !mayCreate;
    if (!isShown) return;
    const wanted = putWaitingFirst(sessions);
    const ids = new Set(wanted.map((session) => session.id));
    for (const [id, card] of this.#cards) if (!ids.has(id)) this.#remove(id, card);
    wanted.forEach((session, index) => {
      const card = this.#cards.get(session.id) ?? this.#add(session);
      card.update(session, this.#costs.find(session));
      const there = this.#list.children[index] ?? null;
      // Moving an element takes the focus from it: only where the order has changed.
      if (there !== card.element) this.#list.insertBefore(card.element, there);
    });
    this.#feed.wake();
    this.#costs.note(sessions);
  }

  #updateCards(): void {
    for (const card of this.#cards.values()) card.update(card.session, this.#costs.find(card.session));
  }

  /** The colours or the space have changed. */
  redraw(): void {
    if (this.element.hidden) return;
    for (const card of this.#cards.values()) card.redraw(this.#options.readScheme());
  }

  #add(session: SessionInfo): Card {
    const card = new Card(session, this.#options);
    this.#cards.set(session.id, card);
    this.#observer.observe(card.canvas);
    return card;
  }

  #remove(id: string, card: Card): void {
    this.#observer.unobserve(card.canvas);
    this.#visible.delete(card.canvas);
    this.#cards.delete(id);
    card.element.remove();
  }

  #listVisible(): SessionInfo[] {
    return [...this.#cards.values()]
      .filter((card) => this.#visible.has(card.canvas))
      .map((card) => card.session);
  }
}
