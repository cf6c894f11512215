/** What the list says of a session. */

import type { SessionInfo } from "../protocol/messages.gen";
import { describeActivity, describeSince } from "./activity_words";
import { describeUse, listUse } from "./limit_words";
import { cleanTitle } from "./program_title";
import { describeCommand, describeSessionState, hasEndedWell } from "./words";

export interface SessionWords {
  /** What its program does and since when; "" where nobody says. */
  readonly doing: string;
  readonly detail: string;
  readonly use: string;
  /** All of it, a line each. */
  readonly more: string;
  /** For those who do not see it. */
  readonly spoken: string;
  /** The classes of its dot. */
  readonly dot: string;
}

/** `now`: Unix seconds. */
export function describeSession(session: SessionInfo, now: number): SessionWords {
  const isRunning = session.state === "running";
  const activity = isRunning ? session.activity : null;
  const doing = activity === null ? "" : describeActivity(activity);
  const since = activity === null ? "" : describeSince(activity.since, now);
  const prompt = activity?.prompt ?? "";
  const title = cleanTitle(session.title);
  const watchers = session.clients === 1 ? "1 client" : `${session.clients} clients`;
  const more = [
    doing,
    activity?.tool_detail ?? "",
    prompt,
    title,
    describeCommand(session),
    session.cwd,
    `pid ${session.pid}, ${watchers}`,
    session.locked ? "locked" : "",
    ...listUse(session),
  ];
  const spoken = [
    session.name,
    doing === "" ? describeSessionState(session) : since === "now" ? doing : `${doing} for ${since}`,
    prompt === "" ? "" : `prompt: ${prompt}`,
    session.run === null ? `${session.cols} by ${session.rows}` : "run",
    watchers,
  ];
  return {
    doing: doing === "" ? "" : `${doing} · ${since}`,
    detail: isRunning ? prompt || title || describeCommand(session) : describeSessionState(session),
    use: describeUse(session),
    more: more.filter((line) => line !== "").join("\n"),
    spoken: spoken.filter((part) => part !== "").join(", "),
    dot: `dot ${chooseDot(session)}`,
  };
}

function chooseDot(session: SessionInfo): string {
  if (session.state === "running") return `dot-running dot-${session.activity?.state ?? "unknown"}`;
  return hasEndedWell(session) ? "dot-ended" : "dot-failed";
}
