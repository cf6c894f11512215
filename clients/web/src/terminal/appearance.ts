/** What this client's terminal looks like, for the daemon, which answers the programs that ask. */

import type { ITheme } from "@xterm/xterm";
import type { TerminalAppearance } from "../protocol/channel_state";
import { MAX_CELL_PIXELS } from "../protocol/messages.gen";
import { type Scheme, terminalThemes } from "./colours";

export interface CellExtent {
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
}

const paletteKeys = [
  ...(["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const),
  ...(["brightBlack", "brightRed", "brightGreen", "brightYellow"] as const),
  ...(["brightBlue", "brightMagenta", "brightCyan", "brightWhite"] as const),
];

/** "#rrggbb" as a number; null for anything else. */
export function parseColour(colour: string | undefined): number | null {
  return colour !== undefined && /^#[0-9a-f]{6}$/i.test(colour) ? Number.parseInt(colour.slice(1), 16) : null;
}

function readPalette(theme: ITheme): number[] {
  const colours = paletteKeys.map((key) => parseColour(theme[key]));
  // A gap would give the colours after it other numbers.
  const end = colours.indexOf(null);
  return colours.slice(0, end < 0 ? undefined : end).filter((colour) => colour !== null);
}

function toDevicePixels(length: number, ratio: number): number {
  const pixels = Math.round(length * ratio);
  return Number.isFinite(pixels) ? Math.min(MAX_CELL_PIXELS, Math.max(0, pixels)) : 0;
}

/** `ratio`: device pixels for one of CSS. */
export function describeAppearance(scheme: Scheme, cell: CellExtent, ratio: number): TerminalAppearance {
  const theme = terminalThemes[scheme];
  return {
    foreground: parseColour(theme.foreground),
    background: parseColour(theme.background),
    cursor: parseColour(theme.cursor),
    palette: readPalette(theme),
    cell_width: toDevicePixels(cell.width, ratio),
    cell_height: toDevicePixels(cell.height, ratio),
    dark: scheme === "dark",
  };
}
