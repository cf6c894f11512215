/** Above the terminal: which session this is, and what can be done with the page. */

import { type Access, takesPrompts } from "../access";
import type { SessionInfo } from "../protocol/messages.gen";
import type { ViewState } from "../terminal/terminal_view";
import { iconButton } from "./button";
import { h, setText } from "./dom";
import { icon } from "./icons";
import { cleanTitle } from "./program_title";
import type { ThemeChoice } from "./theme";

export interface TopBarActions {
  toggleSidebar(): void;
  rename(): void;
  search(): void;
  ask(): void;
  chooseFiles(): void;
  toggleLock(): void;
  share(): void;
  logOut(): void;
  cycleTheme(): void;
}

const themeLabels: Readonly<Record<ThemeChoice, string>> = {
  auto: "Theme: as the system",
  light: "Theme: light",
  dark: "Theme: dark",
};
const themeIcons = { auto: "auto", light: "sun", dark: "moon" } as const;

export class TopBar {
  readonly element: HTMLElement;
  readonly menuButton: HTMLButtonElement;
  readonly #name: HTMLButtonElement;
  readonly #title = h("span", { class: "top-title", attrs: { "data-testid": "program-title" } });
  readonly #size = h("span", { class: "top-size", attrs: { "data-testid": "size" } });
  readonly #search: HTMLButtonElement;
  /** On narrow screens the key bar has it, as it has the next one. */
  readonly #ask: HTMLButtonElement;
  readonly #files: HTMLButtonElement;
  readonly #lock: HTMLButtonElement;
  readonly #share: HTMLButtonElement;
  /** Only where there is no list of sessions, which has one of its own. */
  readonly #leave: HTMLButtonElement;
  #isLocked: boolean | null = null;
  readonly #theme: HTMLButtonElement;

  constructor(statusPill: HTMLElement, inboxButton: HTMLElement, actions: TopBarActions) {
    this.menuButton = iconButton("menu", "Sessions", "menu", () => actions.toggleSidebar());
    this.menuButton.classList.add("menu-button");
    this.menuButton.setAttribute("aria-controls", "sidebar");
    this.menuButton.setAttribute("aria-expanded", "false");
    this.#name = h("button", {
      class: "top-name",
      attrs: { type: "button", title: "Rename", "data-testid": "session-title" },
      on: { click: () => actions.rename() },
    });
    this.#search = iconButton("search", "Find in scrollback (Ctrl+Shift+F)", "search", () =>
      actions.search(),
    );
    this.#ask = iconButton("send", "Ask its program", "ask", () => actions.ask());
    this.#ask.classList.add("wide-only");
    this.#files = iconButton("clip", "Send files, and paste their paths", "send-files", () =>
      actions.chooseFiles(),
    );
    this.#files.classList.add("wide-only");
    this.#lock = iconButton("unlock", "", "lock", () => actions.toggleLock());
    this.#share = iconButton("share", "Share this session", "share", () => actions.share());
    this.#leave = iconButton("leave", "Log out", "top-log-out", () => actions.logOut());
    this.#theme = iconButton("auto", themeLabels.auto, "theme", () => actions.cycleTheme());
    this.element = h(
      "header",
      { class: "top-bar" },
      this.menuButton,
      h("div", { class: "top-session" }, this.#name, this.#title),
      this.#size,
      statusPill,
      inboxButton,
      this.#share,
      this.#lock,
      this.#ask,
      this.#files,
      this.#search,
      this.#theme,
      this.#leave,
    );
  }

  update(session: SessionInfo | null, view: ViewState | null, access: Access): void {
    this.menuButton.hidden = access.onlySession !== null;
    this.#leave.hidden = access.onlySession === null;
    this.#share.hidden = session === null || !access.isAdmin;
    this.#name.disabled = session === null || !access.mayRename(session);
    setText(this.#name, session?.name ?? "");
    this.#name.hidden = session === null;
    const title = cleanTitle(view?.title || session?.title || "");
    setText(this.#title, title === session?.name ? "" : title);
    setText(this.#size, view === null ? "" : `${view.size.cols}×${view.size.rows}`);
    this.#size.hidden = view === null;
    this.#search.hidden = view === null;
    this.#ask.hidden = session === null || !takesPrompts(session, access);
    this.#files.hidden = view === null || view.end !== null || view.isObserver;
    this.#lock.hidden = view === null || view.end !== null || view.isObserver;
    this.#drawLock(view?.locked ?? false);
  }

  /** How many sessions wait: where the list of them is a drawer, this button is all that is seen of it. */
  setWaiting(count: number): void {
    const label = count === 0 ? "Sessions" : `Sessions, ${count} ${count === 1 ? "waits" : "wait"}`;
    this.menuButton.setAttribute("aria-label", label);
    this.menuButton.title = label;
    if (count === 0) delete this.menuButton.dataset.waiting;
    else this.menuButton.dataset.waiting = String(count);
  }

  #drawLock(isLocked: boolean): void {
    if (isLocked === this.#isLocked) return;
    this.#isLocked = isLocked;
    const label = isLocked
      ? "Locked: typing does not take control. Unlock"
      : "Lock: typing will not take control";
    this.#lock.replaceChildren(icon(isLocked ? "lock" : "unlock"));
    this.#lock.setAttribute("aria-label", label);
    this.#lock.setAttribute("aria-pressed", String(isLocked));
    this.#lock.title = label;
  }

  setTheme(choice: ThemeChoice): void {
    this.#theme.replaceChildren(icon(themeIcons[choice]));
    this.#theme.setAttribute("aria-label", themeLabels[choice]);
    this.#theme.title = themeLabels[choice];
  }
}
