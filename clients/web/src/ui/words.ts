/** What the page says, where it depends on something. */

import type { ConnectionStatus } from "../net/status";
import { ErrorCode, type SessionInfo } from "../protocol/messages.gen";
import type { ViewEnd } from "../terminal/terminal_view";
import { describeOutcome } from "./run_words";
import { joinCommandLine } from "./shell_words";

const signalNames: Readonly<Record<number, string>> = {
  1: "HUP",
  2: "INT",
  3: "QUIT",
  4: "ILL",
  6: "ABRT",
  7: "BUS",
  8: "FPE",
  9: "KILL",
  11: "SEGV",
  13: "PIPE",
  14: "ALRM",
  15: "TERM",
};

export function describeExit(code: number | null, signal: number | null): string {
  if (signal !== null)
    return `ended by signal ${signal}${signalNames[signal] ? ` (${signalNames[signal]})` : ""}`;
  if (code !== null) return `exited with status ${code}`;
  return "ended; its exit status was lost";
}

export function isGoodExit(code: number | null, signal: number | null): boolean {
  return code === 0 && signal === null;
}

export function hasEndedWell(session: SessionInfo): boolean {
  if (session.run?.outcome) return session.run.outcome.kind === "success";
  return isGoodExit(session.exit_code, session.exit_signal);
}

export function describeCommand(session: SessionInfo): string {
  return session.argv.length === 0 ? "login shell" : joinCommandLine(session.argv);
}

export function describeSessionState(session: SessionInfo): string {
  if (session.state === "running") return session.end_reason === "" ? "running" : "ending";
  if (session.run?.outcome) return describeOutcome(session.run.outcome).toLowerCase();
  if (session.end_reason !== "") return `ended: ${session.end_reason}`;
  return describeExit(session.exit_code, session.exit_signal);
}

export interface StatusWords {
  readonly short: string;
  /** More, for the notice above the terminal; "" where there is nothing to say. */
  readonly long: string;
  /** The button that helps, if any. */
  readonly action: string | null;
}

/** `nowMs`: the time on the clock of the status. */
export function describeStatus(status: ConnectionStatus, nowMs: number): StatusWords {
  switch (status.kind) {
    case "connecting":
      return { short: "Connecting…", long: "", action: null };
    case "live":
      return { short: "Live", long: "", action: null };
    case "checking":
      return { short: "Checking…", long: "", action: null };
    case "reconnecting":
      return describeReconnecting(status.retryAtMs, nowMs);
    case "offline":
      return {
        short: "Offline",
        long: "This device has no network. What you type is kept and sent when it is back.",
        action: "Try now",
      };
    case "logged_out":
      return {
        short: "Logged out",
        long: "The login of this page has ended. Run “ptyd up --open” to log in again, or open a new link; this page then goes on by itself.",
        action: "Try again",
      };
    case "taken_over":
      return {
        short: "Taken over",
        long: "Another page goes on in the place of this one.",
        action: "Reload",
      };
    case "stopped":
      return { short: "Disconnected", long: status.reason, action: "Connect" };
  }
}

function describeReconnecting(retryAtMs: number | null, nowMs: number): StatusWords {
  const long = "The connection to the daemon is gone. What you type is kept and sent when it is back.";
  if (retryAtMs === null) return { short: "Reconnecting…", long, action: null };
  const seconds = Math.max(1, Math.ceil((retryAtMs - nowMs) / 1000));
  return { short: `Reconnecting in ${seconds} s`, long, action: "Try now" };
}

/** Why the channel was closed, for people. The daemon's message comes first where it has one. */
export function describeDetached(code: string, message: string): string {
  if (code === ErrorCode.DETACHED) return "Detached by somebody else.";
  if (message !== "")
    return `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? "" : "."}`;
  return `Detached (${code}).`;
}

/** How what was shown has ended. */
export function describeEnd(end: ViewEnd): string {
  if (end.type === "detached") return describeDetached(end.code, end.message);
  if (end.reason !== "") return `The session was ended: ${end.reason}.`;
  return `The program has ${describeExit(end.code, end.signal)}.`;
}

export function describeError(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : String(error);
}
