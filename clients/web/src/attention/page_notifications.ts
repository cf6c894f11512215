/**
 * Notifications of the browser: one for each waiting of a session, until it waits no more. Only where the user has asked
 * for them, and never while a page of this daemon is looked at.
 */

import type { SessionInfo } from "../protocol/messages.gen";
import { describeWaiting, keyOfWaiting, listWaiting } from "../ui/activity_words";

/** "unsupported": this browser has none, or not for this address. "blocked": the user has told the browser so. */
export type NotificationChoice = "on" | "off" | "blocked" | "unsupported";

export interface ShownNotification {
  close(): void;
}

export interface Notice {
  readonly title: string;
  readonly body: string;
  /** One of the same tag, in whatever tab, is replaced: another waiting has another, lest a late close takes its own. */
  readonly tag: string;
  /** Its id: what a click leads to. */
  readonly session: string;
}

/** What of the browser is needed, so that tests can stand in for it. */
export interface Notifications {
  readonly permission: NotificationPermission | "unsupported";
  requestPermission(): Promise<NotificationPermission>;
  /** Null: this browser can show none. */
  show(notice: Notice): ShownNotification | null;
  /** Called with the session of one that was clicked. */
  onClick: (session: string) => void;
  /** Whether any page of this daemon, in whatever tab, is looked at. */
  isLookedAt(): Promise<boolean>;
  load(): boolean;
  save(isWanted: boolean): void;
}

export class PageNotifications {
  readonly #browser: Notifications;
  readonly #onChange: () => void;
  /** The waitings that need no notification any more: the user has been told, or was looking. */
  #told = new Set<string>();
  /** By session. */
  readonly #shown = new Map<string, { key: string; notification: ShownNotification }>();
  #waiting: readonly SessionInfo[] = [];
  #cannotShow = false;

  constructor(browser: Notifications, open: (session: string) => void, onChange: () => void) {
    this.#browser = browser;
    browser.onClick = (session) => {
      this.#close(session);
      open(session);
    };
    this.#onChange = onChange;
  }

  get choice(): NotificationChoice {
    const { permission } = this.#browser;
    if (permission === "unsupported" || this.#cannotShow) return "unsupported";
    if (permission === "denied") return "blocked";
    return permission === "granted" && this.#browser.load() ? "on" : "off";
  }

  /** Asked for by the user: browsers ask for permission only then, and we as well. */
  async toggle(): Promise<void> {
    const isWanted = this.choice !== "on";
    if (isWanted && this.#browser.permission === "default") await this.#browser.requestPermission();
    this.#browser.save(isWanted);
    if (!isWanted) for (const session of [...this.#shown.keys()]) this.#close(session);
    this.#onChange();
  }

  /** The sessions are these now. */
  async update(sessions: readonly SessionInfo[]): Promise<void> {
    this.#waiting = listWaiting(sessions);
    const keys = new Set(this.#waiting.map(keyOfWaiting));
    for (const [session, { key }] of [...this.#shown]) if (!keys.has(key)) this.#close(session);
    this.#told = new Set([...this.#told].filter((key) => keys.has(key)));
    if (this.#waiting.every((session) => this.#told.has(keyOfWaiting(session)))) return;
    const isLookedAt = await this.#browser.isLookedAt();
    // Others may have come, and gone, meanwhile.
    for (const session of this.#waiting) this.#tell(session, isLookedAt);
  }

  #tell(session: SessionInfo, isLookedAt: boolean): void {
    const key = keyOfWaiting(session);
    if (this.#told.has(key)) return;
    this.#told.add(key);
    if (isLookedAt || this.choice !== "on") return;
    const { id } = session;
    this.#close(id);
    const [title, body] = [describeWaiting(session), describeMore(session)];
    const notification = this.#browser.show({ title, body, tag: `ptyd ${key}`, session: id });
    if (notification !== null) this.#shown.set(id, { key, notification });
    else this.#giveUp();
  }

  #giveUp(): void {
    this.#cannotShow = true;
    this.#onChange();
  }

  #close(session: string): void {
    this.#shown.get(session)?.notification.close();
    this.#shown.delete(session);
  }
}

function describeMore({ activity }: SessionInfo): string {
  return [activity?.tool_detail ?? "", activity?.prompt ?? ""].filter((line) => line !== "").join("\n");
}
