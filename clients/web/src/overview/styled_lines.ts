/** Reads lines with SGR sequences, as the daemon's "vt" has them, into runs of one style. */

export interface RunStyle {
  /** "#rrggbb", the number of a colour of the palette, or null for the terminal's own. */
  readonly foreground: string | number | null;
  readonly background: string | number | null;
  readonly isBold: boolean;
  readonly isFaint: boolean;
  readonly isInverse: boolean;
  readonly isInvisible: boolean;
}

export interface Run {
  readonly text: string;
  readonly style: RunStyle;
}

export const PLAIN: RunStyle = {
  foreground: null,
  background: null,
  isBold: false,
  isFaint: false,
  isInverse: false,
  isInvisible: false,
};

/** SGR, then links (OSC 8) and whatever else there might be, which is left out. */
const SEQUENCE =
  /\x1b\[([\d;:]*)m|\x1b\][^\x07\x1b]*(?:\x1b\\|\x07)|\x1b\[[\d;:?]*[@-~]|[\x00-\x1f\x7f-\x9f]/g;

export function readLines(text: string): Run[][] {
  let style = PLAIN;
  const lines = text.split("\n");
  // Each line is ended.
  lines.pop();
  return lines.map((line) => {
    const runs: Run[] = [];
    let at = 0;
    for (const match of line.matchAll(SEQUENCE)) {
      if (match.index > at) runs.push({ text: line.slice(at, match.index), style });
      if (match[1] !== undefined) style = applySgr(style, match[1]);
      at = match.index + match[0].length;
    }
    if (at < line.length) runs.push({ text: line.slice(at), style });
    return runs;
  });
}

const FLAGS: Readonly<Record<number, Partial<RunStyle>>> = {
  1: { isBold: true },
  2: { isFaint: true },
  7: { isInverse: true },
  8: { isInvisible: true },
  22: { isBold: false, isFaint: false },
  27: { isInverse: false },
  28: { isInvisible: false },
  39: { foreground: null },
  49: { background: null },
};

function applySgr(before: RunStyle, parameters: string): RunStyle {
  let style = before;
  // Sub-parameters (underlines and their colours) are too fine to be seen.
  const codes = parameters.split(";").map((part) => (part.includes(":") ? Number.NaN : Number(part)));
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? Number.NaN;
    if (code === 38 || code === 48) {
      const [colour, used] = readExtended(codes, index + 1);
      style = setColour(style, code === 38, colour);
      index += used;
    } else style = applyCode(style, code);
  }
  return style;
}

function applyCode(style: RunStyle, code: number): RunStyle {
  if (code === 0) return PLAIN;
  if (code >= 30 && code <= 37) return setColour(style, true, code - 30);
  if (code >= 40 && code <= 47) return setColour(style, false, code - 40);
  if (code >= 90 && code <= 97) return setColour(style, true, code - 90 + 8);
  if (code >= 100 && code <= 107) return setColour(style, false, code - 100 + 8);
  return { ...style, ...FLAGS[code] };
}

function setColour(style: RunStyle, isForeground: boolean, colour: RunStyle["foreground"]): RunStyle {
  return isForeground ? { ...style, foreground: colour } : { ...style, background: colour };
}

/** The colour behind 38 or 48, and how many parameters it took. */
function readExtended(codes: readonly number[], at: number): [RunStyle["foreground"], number] {
  if (codes[at] === 5) return [codes[at + 1] ?? null, 2];
  const [red = 0, green = 0, blue = 0] = codes.slice(at + 1, at + 4);
  const hex = [red, green, blue].map((value) => value.toString(16).padStart(2, "0")).join("");
  return [`#${hex}`, 4];
}
