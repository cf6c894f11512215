/** What a session's program is doing, in words. */

import type { Activity, SessionInfo } from "../protocol/messages.gen";
import { cleanTitle } from "./program_title";
import { describeSessionState } from "./words";

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;

const stateWords: Readonly<Record<string, string>> = {
  starting: "Starting",
  idle: "Idle",
  working: "Working",
  waiting: "Waiting",
  exited: "Exited",
  active: "Active",
  quiet: "Quiet",
  bell: "Rang the bell",
};

/** What it does, with the tool in use: "Waits for permission: Bash". */
export function describeActivity(activity: Activity): string {
  const tool = activity.tool === "" ? "" : `: ${cleanTitle(activity.tool)}`;
  if (activity.state === "waiting" && activity.waits_for !== null)
    return `Waits for ${activity.waits_for}${tool}`;
  // A newer daemon may know states that have no words here.
  return `${stateWords[activity.state] ?? activity.state}${tool}`;
}

/** "Waits for permission: Bash", "Working", "running", "exited with status 1". */
export function describeDoing(session: SessionInfo): string {
  if (session.state !== "running" || session.activity === null) return describeSessionState(session);
  return describeActivity(session.activity);
}

/** How long it has done so, in few letters; `now` and `since` are Unix seconds, of clocks that may differ. */
export function describeSince(since: number, now: number): string {
  const seconds = Math.max(0, now - since);
  if (seconds < MINUTE_SECONDS) return "now";
  if (seconds < HOUR_SECONDS) return `${Math.floor(seconds / MINUTE_SECONDS)} min`;
  if (seconds < DAY_SECONDS) return `${Math.floor(seconds / HOUR_SECONDS)} h`;
  return `${Math.floor(seconds / DAY_SECONDS)} d`;
}

export function isWaiting(session: SessionInfo): boolean {
  return session.state === "running" && session.activity?.state === "waiting";
}

/** One waiting of one session: another one has another key. */
export function keyOfWaiting(session: SessionInfo): string {
  return `${session.id} ${session.activity?.since ?? 0}`;
}

/** Those that wait, the one that has waited for longest first. */
export function listWaiting(sessions: readonly SessionInfo[]): SessionInfo[] {
  return sessions
    .filter(isWaiting)
    .sort((a, b) => (a.activity?.since ?? 0) - (b.activity?.since ?? 0) || a.id.localeCompare(b.id));
}

/** Those that wait come first; the others stay in their order. */
export function putWaitingFirst(sessions: readonly SessionInfo[]): SessionInfo[] {
  return [...listWaiting(sessions), ...sessions.filter((session) => !isWaiting(session))];
}

/** The sentence of a notification, and for screen readers. */
export function describeWaiting(session: SessionInfo): string {
  if (session.activity === null) return session.name;
  const words = describeActivity(session.activity);
  return `${session.name} ${words.charAt(0).toLowerCase()}${words.slice(1)}`;
}
