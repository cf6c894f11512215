/** Ctrl and Alt of the key bar, applied to what a touch keyboard typed. */

export interface Modifiers {
  readonly ctrl: boolean;
  readonly alt: boolean;
}

export type BarKey =
  | "Escape"
  | "Tab"
  | "ShiftTab"
  | "Enter"
  | "ArrowUp"
  | "ArrowDown"
  | "ArrowRight"
  | "ArrowLeft";

const arrowFinals: Partial<Record<BarKey, string>> = {
  ArrowUp: "A",
  ArrowDown: "B",
  ArrowRight: "C",
  ArrowLeft: "D",
};

const plainKeys: Partial<Record<BarKey, string>> = {
  Escape: "\x1b",
  Tab: "\t",
  ShiftTab: "\x1b[Z",
  Enter: "\r",
};

const ctrlSymbols: Readonly<Record<string, string>> = {
  " ": "\x00",
  "2": "\x00",
  "3": "\x1b",
  "4": "\x1c",
  "5": "\x1d",
  "6": "\x1e",
  "7": "\x1f",
  "8": "\x7f",
  "/": "\x1f",
  "-": "\x1f",
  "?": "\x7f",
};

/** The control character of a key, or the key itself where it has none. */
export function controlCharacter(key: string): string {
  if (/^[a-z@[\\\]^_]$/i.test(key)) return String.fromCharCode(key.toUpperCase().charCodeAt(0) & 0x1f);
  return ctrlSymbols[key] ?? key;
}

/** Typed text with the modifiers: Ctrl and Alt change its first character, as one press of a key would. */
export function modifyText(text: string, { ctrl, alt }: Modifiers): string {
  const [first = ""] = text;
  const head = ctrl ? controlCharacter(first) : first;
  return (alt ? "\x1b" : "") + head + text.slice(first.length);
}

/** What a key of the bar sends. `applicationCursor`: the terminal's DECCKM mode. */
export function encodeBarKey(key: BarKey, { ctrl, alt }: Modifiers, applicationCursor: boolean): string {
  const final = arrowFinals[key];
  if (final === undefined) return (alt ? "\x1b" : "") + (plainKeys[key] ?? "");
  if (!ctrl && !alt) return (applicationCursor ? "\x1bO" : "\x1b[") + final;
  const modifier = 1 + (alt ? 2 : 0) + (ctrl ? 4 : 0);
  return `\x1b[1;${modifier}${final}`;
}
