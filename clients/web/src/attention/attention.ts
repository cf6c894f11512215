/** Which sessions need the user, told wherever the user may be looking: in the tab, by notifications, by voice. */

import type { PageVisibility } from "../net/page_visibility";
import type { SessionInfo } from "../protocol/messages.gen";
import { listWaiting } from "../ui/activity_words";
import { Announcer } from "./announcer";
import { BrowserNotifications } from "./browser_notifications";
import { NotifyButton } from "./notify_button";
import { PageNotifications } from "./page_notifications";
import { TabSignal } from "./tab_signal";

export interface AttentionOptions {
  readonly visibility: PageVisibility;
  /** Shows a session. */
  open(id: string): void;
}

export class Attention {
  readonly button = new NotifyButton(() => void this.#notifications.toggle());
  readonly announcer = new Announcer();
  readonly #tab = new TabSignal();
  readonly #notifications: PageNotifications;

  constructor({ visibility, open }: AttentionOptions) {
    this.#notifications = new PageNotifications(new BrowserNotifications(visibility), open, () =>
      this.button.update(this.#notifications.choice),
    );
    this.button.update(this.#notifications.choice);
  }

  /** `title`: the page's own. */
  update(sessions: readonly SessionInfo[], title: string): void {
    this.#tab.update(title, listWaiting(sessions).length);
    this.announcer.update(sessions);
    void this.#notifications.update(sessions);
  }
}
