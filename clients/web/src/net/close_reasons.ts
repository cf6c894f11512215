import { CloseCode, RETRY_CLOSE_CODES } from "../protocol/messages.gen";
import type { ConnectionStatus } from "./status";

const reasons: Readonly<Record<number, string>> = {
  [CloseCode.DONE]: "The daemon has ended the connection.",
  [CloseCode.BAD_MESSAGE]: "The daemon did not understand this page.",
  [CloseCode.TOO_BIG]: "This page sent more than the daemon accepts.",
  [CloseCode.UNSUPPORTED_VERSION]: "This page is of another version than the daemon. Reload it.",
  [CloseCode.FORBIDDEN]: "The daemon does not allow this page to connect.",
};

/** What a close code means for the user; null: connect again. */
export function readCloseCode(code: number, reason: string): ConnectionStatus | null {
  if (RETRY_CLOSE_CODES.includes(code)) return null;
  if (code === CloseCode.UNAUTHENTICATED) return { kind: "logged_out" };
  if (code === CloseCode.TAKEN_OVER) return { kind: "taken_over" };
  const words = reasons[code] ?? `The daemon has closed the connection (code ${code}).`;
  return { kind: "stopped", reason: reason === "" ? words : `${words} (${reason})` };
}
