/** The list of sessions. */

import type { Access } from "../access";
import type { RunInfo, SessionInfo } from "../protocol/messages.gen";
import { isWaiting, putWaitingFirst } from "./activity_words";
import { iconButton } from "./button";
import { h, setText } from "./dom";
import { icon } from "./icons";
import { describeSession } from "./session_words";
import { WaitingList } from "./waiting_list";

export interface SidebarActions {
  open(session: SessionInfo): void;
  create(): void;
  rename(session: SessionInfo): void;
  end(session: SessionInfo): void;
  showRecording(session: SessionInfo): void;
  openRecording(): void;
  showConversations(): void;
  showAll(): void;
  logOut(): void;
  dropRun(run: RunInfo): void;
}

class Row {
  readonly element: HTMLLIElement;
  /** All that the row says, in words, for those who see neither colours nor places. */
  readonly #spoken = h("span", { class: "spoken-only" });
  readonly #dot = h("span", { class: "dot" });
  readonly #name = h("span", { class: "session-name" });
  readonly #size = h("span", { class: "session-size", attrs: { "aria-hidden": "true" } });
  readonly #doing = h("span", { class: "session-doing", attrs: { "data-testid": "session-doing" } });
  readonly #detail = h("span", { class: "session-detail" });
  readonly #use = h("span", { class: "session-detail", attrs: { "data-testid": "session-use" } });
  readonly #open: HTMLButtonElement;
  readonly #rename: HTMLButtonElement;
  readonly #end: HTMLButtonElement;
  #session: SessionInfo;

  constructor(session: SessionInfo, actions: SidebarActions, access: Access) {
    this.#session = session;
    this.#open = h(
      "button",
      { class: "session", attrs: { type: "button" }, on: { click: () => actions.open(this.#session) } },
      this.#spoken,
      this.#dot,
      h(
        "span",
        { class: "session-text", attrs: { "aria-hidden": "true" } },
        this.#name,
        this.#doing,
        this.#detail,
        this.#use,
      ),
      this.#size,
    );
    this.#rename = iconButton("pencil", "Rename", "session-rename", () => actions.rename(this.#session));
    this.#end = iconButton("stop", "End", "session-end", () => actions.end(this.#session));
    this.element = h(
      "li",
      { class: "session-row", attrs: { "data-testid": "session" } },
      this.#open,
      h(
        "span",
        { class: "session-actions" },
        iconButton("film", "Recording", "session-recording", () => actions.showRecording(this.#session)),
        this.#rename,
        this.#end,
      ),
    );
    this.update(session, false, access);
  }

  update(session: SessionInfo, isCurrent: boolean, access: Access): void {
    this.#session = session;
    this.#rename.hidden = !access.mayRename(session);
    this.#end.hidden = !access.controls(session);
    this.element.dataset.session = session.id;
    this.element.dataset.state = session.state;
    const words = describeSession(session, Date.now() / 1000);
    this.#dot.className = words.dot;
    this.#open.classList.toggle("waiting", isWaiting(session));
    setText(this.#name, session.name);
    setText(this.#size, session.run === null ? `${session.cols}×${session.rows}` : "run");
    setText(this.#doing, words.doing);
    this.#doing.hidden = words.doing === "";
    setText(this.#detail, words.detail);
    setText(this.#use, words.use);
    this.#use.hidden = words.use === "";
    this.#open.title = words.more;
    setText(this.#spoken, words.spoken);
    if (isCurrent) this.#open.setAttribute("aria-current", "true");
    else this.#open.removeAttribute("aria-current");
    const label = session.state === "running" ? `End ${session.name}` : `Remove ${session.name}`;
    this.#end.setAttribute("aria-label", label);
    this.#end.title = label;
  }
}

export class Sidebar {
  readonly element: HTMLElement;
  readonly #list = h("ul", { class: "session-list", attrs: { "data-testid": "session-list" } });
  readonly #empty = h("p", { class: "sidebar-empty" }, "No sessions yet.");
  readonly #new: HTMLButtonElement;
  readonly #actions: SidebarActions;
  readonly #waiting: WaitingList;
  readonly #rows = new Map<string, Row>();

  /** `notify`: turns notifications on and off. */
  constructor(actions: SidebarActions, notify: HTMLElement) {
    this.#actions = actions;
    this.#waiting = new WaitingList((run) => actions.dropRun(run));
    this.#new = h(
      "button",
      {
        class: "button primary new-session",
        attrs: { type: "button", "data-testid": "new-session" },
        on: { click: () => actions.create() },
      },
      icon("plus"),
      "New session",
    );
    this.element = h(
      "nav",
      { class: "sidebar", attrs: { id: "sidebar", "aria-label": "Sessions" } },
      h(
        "div",
        { class: "sidebar-head" },
        h("span", { class: "brand" }, h("span", { class: "brand-mark" }, icon("prompt")), "ptyd"),
        iconButton("grid", "Show all sessions", "show-all", () => actions.showAll()),
      ),
      this.#new,
      this.#empty,
      this.#list,
      this.#waiting.element,
      h(
        "button",
        {
          class: "button show-conversations",
          attrs: { type: "button", "data-testid": "show-conversations" },
          on: { click: () => actions.showConversations() },
        },
        icon("talk"),
        "Conversations",
      ),
      notify,
      h(
        "button",
        {
          class: "button open-recording",
          attrs: { type: "button", "data-testid": "open-recording" },
          on: { click: () => actions.openRecording() },
        },
        icon("film"),
        "Open recording",
      ),
      h(
        "button",
        {
          class: "button log-out",
          attrs: { type: "button", "data-testid": "log-out" },
          on: { click: () => actions.logOut() },
        },
        icon("leave"),
        "Log out",
      ),
    );
  }

  updateWaiting(runs: readonly RunInfo[], access: Access): void {
    this.#waiting.update(runs, access);
  }

  update(sessions: readonly SessionInfo[], currentId: string | null, access: Access): void {
    this.element.hidden = access.onlySession !== null;
    this.#new.hidden = !access.mayCreate;
    this.#empty.hidden = sessions.length > 0;
    const ids = new Set(sessions.map((session) => session.id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    const focused = document.activeElement;
    putWaitingFirst(sessions).forEach((session, index) => {
      const row = this.#rows.get(session.id) ?? new Row(session, this.#actions, access);
      this.#rows.set(session.id, row);
      row.update(session, session.id === currentId, access);
      const there = this.#list.children[index] ?? null;
      // Moving an element takes the focus from it: only where the order has changed.
      if (there !== row.element) this.#list.insertBefore(row.element, there);
    });
    if (focused instanceof HTMLElement && focused !== document.activeElement && this.#list.contains(focused))
      focused.focus();
  }
}
