/** The real browser's notifications: the page's own, and where a phone's browser forbids those its service worker's. */

import type { PageVisibility } from "../net/page_visibility";
import { readClick } from "../pwa/notification_click";
import type { Notice, Notifications, ShownNotification } from "./page_notifications";

const WANTED_KEY = "ptyd.notify";
const LOOKED_AT_LOCK = "ptyd.looked_at";

export class BrowserNotifications implements Notifications {
  readonly #visibility: PageVisibility;
  #release: (() => void) | null = null;
  onClick: (session: string) => void = () => {};

  constructor(visibility: PageVisibility) {
    this.#visibility = visibility;
    navigator.serviceWorker?.addEventListener("message", (event) => {
      const session = readClick(event.data);
      if (session !== null) this.onClick(session);
    });
    visibility.watch(() => this.#noteVisibility());
    this.#noteVisibility();
  }

  get permission(): NotificationPermission | "unsupported" {
    return "Notification" in window && window.isSecureContext ? Notification.permission : "unsupported";
  }

  requestPermission(): Promise<NotificationPermission> {
    return Notification.requestPermission();
  }

  show(notice: Notice): ShownNotification | null {
    const { title, body, tag, session } = notice;
    try {
      const notification = new Notification(title, { body, tag });
      notification.onclick = () => {
        window.focus();
        this.onClick(session);
      };
      return notification;
    } catch {
      return showByWorker(notice);
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

function showByWorker({ title, body, tag, session }: Notice): ShownNotification | null {
  const workers = navigator.serviceWorker;
  if (!workers?.controller) return null;
  const shown = workers.ready.then(async (registration) => {
    await registration.showNotification(title, { body, tag, data: { session } });
    return registration;
  });
  // One that could not be shown need not be closed.
  const close = async (): Promise<void> => {
    for (const one of await (await shown).getNotifications({ tag })) one.close();
  };
  shown.catch(() => {});
  return { close: () => void close().catch(() => {}) };
}
