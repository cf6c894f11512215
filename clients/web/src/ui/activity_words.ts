/** What a session's program is doing, as far as the daemon says. */

import type { SessionInfo } from "../protocol/messages.gen";
import { cleanTitle } from "./program_title";
import { describeSessionState } from "./words";

export interface SessionActivity {
  readonly state: string;
  /** Unix seconds. */
  readonly since: number;
  readonly detail: string;
}

/** Null: the daemon does not say. */
export function readActivity(session: SessionInfo): SessionActivity | null {
  const { activity } = session as { readonly activity?: unknown };
  if (typeof activity !== "object" || activity === null) return null;
  const { state, since, detail, waits_for: waitsFor } = activity as Record<string, unknown>;
  if (typeof state !== "string") return null;
  const what = [waitsFor, detail].filter((part) => typeof part === "string" && part !== "").join(": ");
  return { state, since: typeof since === "number" ? since : 0, detail: cleanTitle(what) };
}

export function isWaiting(session: SessionInfo): boolean {
  return session.state === "running" && readActivity(session)?.state === "waiting";
}

/** "waiting for permission: Bash", "working", "running", "exited with status 1". */
export function describeActivity(session: SessionInfo): string {
  const activity = session.state === "running" ? readActivity(session) : null;
  if (activity === null) return describeSessionState(session);
  if (activity.detail === "") return activity.state;
  return activity.state === "waiting"
    ? `waiting for ${activity.detail}`
    : `${activity.state}: ${activity.detail}`;
}

/** Those that wait first, the longest waiting before the others; else in their order. */
export function putWaitingFirst(sessions: readonly SessionInfo[]): SessionInfo[] {
  const waiting = sessions.filter(isWaiting);
  const since = (session: SessionInfo): number => readActivity(session)?.since ?? 0;
  waiting.sort((a, b) => since(a) - since(b));
  return [...waiting, ...sessions.filter((session) => !isWaiting(session))];
}
