/** The colours of a terminal's palette on this page. */

import type { ITheme } from "@xterm/xterm";
import { type Scheme, terminalThemes } from "../terminal/colours";

const NAMES = [
  "black",
  "red",
  "green",
  "yellow",
  "blue",
  "magenta",
  "cyan",
  "white",
  "brightBlack",
  "brightRed",
  "brightGreen",
  "brightYellow",
  "brightBlue",
  "brightMagenta",
  "brightCyan",
  "brightWhite",
] as const satisfies readonly (keyof ITheme)[];

const CUBE_FIRST = 16;
const GREY_FIRST = 232;
const CUBE_STEPS = [0, 95, 135, 175, 215, 255] as const;

/** The colour of a number, as xterm has them: 16 of the theme, a cube of 216, and 24 greys. */
export function findColour(number: number, scheme: Scheme): string {
  const name = NAMES[number];
  if (name !== undefined) return terminalThemes[scheme][name] ?? "";
  if (number >= GREY_FIRST) {
    const level = 8 + 10 * (number - GREY_FIRST);
    return `rgb(${level} ${level} ${level})`;
  }
  const place = number - CUBE_FIRST;
  const step = (index: number): number => CUBE_STEPS[index % 6] ?? 0;
  return `rgb(${step(Math.floor(place / 36))} ${step(Math.floor(place / 6))} ${step(place)})`;
}
