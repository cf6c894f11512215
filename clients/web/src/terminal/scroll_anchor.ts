/** Keeps a user who has scrolled back at what they read while the screen is rebuilt, with more or with other lines. */

import type { IBuffer } from "@xterm/xterm";

/** So many lines tell a place from others that look alike, most of the time. */
const REMEMBERED_LINES = 8;

export interface ScrollAnchor {
  /** What is at the top of the view. */
  readonly texts: readonly string[];
  /** Lines between the view and the end. */
  readonly fromBottom: number;
}

function readLine(buffer: IBuffer, line: number): string {
  return buffer.getLine(line)?.translateToString(true) ?? "";
}

/** Where the user is; null: at the end, where everything new is seen. */
export function takeAnchor(buffer: IBuffer): ScrollAnchor | null {
  const fromBottom = buffer.baseY - buffer.viewportY;
  if (buffer.type !== "normal" || fromBottom <= 0) return null;
  const texts = Array.from({ length: REMEMBERED_LINES }, (_, index) =>
    readLine(buffer, buffer.viewportY + index),
  );
  return { texts, fromBottom };
}

/**
 * The line that has to be at the top: the one that was, wherever it is now, or one that is as far from the end; null on
 * the alternate screen, which has no lines to scroll back to.
 */
export function findAnchor(buffer: IBuffer, anchor: ScrollAnchor): number | null {
  if (buffer.type !== "normal") return null;
  const expected = Math.max(0, buffer.baseY - anchor.fromBottom);
  if (anchor.texts.every((text) => text === "")) return expected;
  const isThere = (line: number): boolean =>
    anchor.texts.every((text, index) => readLine(buffer, line + index) === text);
  // New lines come at the end: what was is rather further up.
  for (let line = expected; line >= 0; line -= 1) if (isThere(line)) return line;
  for (let line = expected + 1; line <= buffer.baseY; line += 1) if (isThere(line)) return line;
  return expected;
}
