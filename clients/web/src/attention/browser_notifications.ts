/** The real browser's notifications. */

import type { PageVisibility } from "../net/page_visibility";
import type { Notifications, ShownNotification } from "./page_notifications";

const WANTED_KEY = "ptyd.notify";
const LOOKED_AT_LOCK = "ptyd.looked_at";

export class BrowserNotifications implements Notifications {
  readonly #visibility: PageVisibility;
  #release: (() => void) | null = null;

  constructor(visibility: PageVisibility) {
    this.#visibility = visibility;
    visibility.watch(() => this.#noteVisibility());
    this.#noteVisibility();
  }

  get permission(): NotificationPermission | "unsupported" {
    return "Notification" in window && window.isSecureContext ? Notification.permission : "unsupported";
  }

  requestPermission(): Promise<NotificationPermission> {
    return Notification.requestPermission();
  }

  show(title: string, body: string, tag: string, onClick: () => void): ShownNotification | null {
    try {
      // The same tag in another tab of ours replaces it: one is enough.
      const notification = new Notification(title, { body, tag });
      notification.onclick = () => {
        window.focus();
        onClick();
      };
      return notification;
    } catch {
      return null; // browsers of phones show none from a page
    }
  }

  async isLookedAt(): Promise<boolean> {
    if (!this.#visibility.isHidden) return true;
    const { held } = (await navigator.locks?.query()) ?? {};
    return held?.some((lock) => lock.name === LOOKED_AT_LOCK) ?? false;
  }

  load(): boolean {
    return localStorage.getItem(WANTED_KEY) === "on";
  }

  save(isWanted: boolean): void {
    localStorage.setItem(WANTED_KEY, isWanted ? "on" : "off");
  }

  /** While this page is looked at it holds a lock, which our pages in other tabs can see. */
  #noteVisibility(): void {
    if (this.#visibility.isHidden) {
      this.#release?.();
      this.#release = null;
    } else if (this.#release === null) {
      const until = new Promise<void>((resolve) => {
        this.#release = resolve;
      });
      void navigator.locks?.request(LOOKED_AT_LOCK, { mode: "shared" }, () => until);
    }
  }
}
