/**
 * A recording as asciicast has it, versions 2 and 3, read from its text.
 * Source: docs.asciinema.org/manual/asciicast/v2 and v3.
 */

import type { Size } from "../protocol/channel_state";
import { clampSize } from "../terminal/letterbox";

export interface CastEvent {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly code: string;
  readonly data: string;
}

export interface Cast {
  readonly size: Size;
  readonly title: string;
  readonly events: readonly CastEvent[];
  /** Seconds. */
  readonly duration: number;
}

/** The text is no recording; the message says in which line, and why. */
export class CastError extends Error {}

type Header = Readonly<Record<string, unknown>>;

/** A last line that is cut short, as of a recording that goes on, is left out. */
export function readCast(text: string): Cast {
  const lines = text.split("\n");
  const header = readHeader(lines[0] ?? "");
  const isRelative = header.version === 3;
  const limit =
    isSeconds(header.idle_time_limit) && header.idle_time_limit > 0 ? header.idle_time_limit : null;
  const events: CastEvent[] = [];
  let at = 0;
  let before = 0;
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === "" || line.startsWith("#")) continue;
    const event = readEvent(line, index + 1, index === lines.length - 1);
    if (event === null) break;
    const [seconds, code, data] = event;
    const pause = isRelative ? seconds : Math.max(seconds - before, 0);
    before = Math.max(seconds, before);
    at += limit === null ? pause : Math.min(pause, limit);
    events.push({ at, code, data });
  }
  const title = typeof header.title === "string" ? header.title : "";
  return { size: readHeaderSize(header), title, events, duration: at };
}

/** The size that a resize event names; null where it names none. */
export function readSize(data: string): Size | null {
  const found = /^(\d{1,5})x(\d{1,5})$/.exec(data);
  return found === null ? null : clampSize({ cols: Number(found[1]), rows: Number(found[2]) });
}

function readHeader(line: string): Header {
  const header = parse(line);
  if (typeof header !== "object" || header === null || !("version" in header))
    throw new CastError("line 1: no header of a recording (asciicast)");
  if (header.version !== 2 && header.version !== 3)
    throw new CastError(`line 1: asciicast version ${String(header.version)}; 2 and 3 can be played`);
  return header as Header;
}

function readHeaderSize(header: Header): Size {
  const term = header.version === 3 ? (header.term as Header | null | undefined) : header;
  const [cols, rows] = header.version === 3 ? [term?.cols, term?.rows] : [term?.width, term?.height];
  if (!isCount(cols) || !isCount(rows)) throw new CastError("line 1: the header says no size");
  return clampSize({ cols, rows });
}

function readEvent(line: string, number: number, mayBeCut: boolean): [number, string, string] | null {
  const event = parse(line);
  if (event === undefined && mayBeCut) return null;
  if (Array.isArray(event) && event.length === 3) {
    const [seconds, code, data] = event as unknown[];
    if (isSeconds(seconds) && typeof code === "string" && typeof data === "string")
      return [seconds, code, data];
  }
  throw new CastError(`line ${number}: no event, which is [seconds, code, data]`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}

function isSeconds(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
