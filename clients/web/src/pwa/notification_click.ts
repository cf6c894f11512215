/** What the service worker tells a page when somebody has clicked a notification of a session. */
export interface NotificationClick {
  /** The session's id. */
  readonly clicked: string;
}

/** The session; null: the message is about something else. */
export function readClick(message: unknown): string | null {
  if (typeof message !== "object" || message === null || !("clicked" in message)) return null;
  return typeof message.clicked === "string" ? message.clicked : null;
}
