/** The terminal's colours, to go with the page's. */

import type { ISearchOptions } from "@xterm/addon-search";
import type { ITheme } from "@xterm/xterm";

export type Scheme = "light" | "dark";

export type SearchColours = NonNullable<ISearchOptions["decorations"]>;

export const terminalThemes: Readonly<Record<Scheme, ITheme>> = {
  dark: {
    background: "#14161b",
    foreground: "#d7dae0",
    cursor: "#8ab4f8",
    cursorAccent: "#14161b",
    selectionBackground: "#3b4a66",
    selectionInactiveBackground: "#2d3646",
    scrollbarSliderBackground: "#ffffff1f",
    scrollbarSliderHoverBackground: "#ffffff38",
    scrollbarSliderActiveBackground: "#ffffff4d",
    black: "#2a2e37",
    red: "#f28b82",
    green: "#8fd3a0",
    yellow: "#f2cf86",
    blue: "#8ab4f8",
    magenta: "#d6a8f5",
    cyan: "#7fd6dd",
    white: "#d7dae0",
    brightBlack: "#6f7785",
    brightRed: "#ffa69e",
    brightGreen: "#aee6bb",
    brightYellow: "#ffe0a3",
    brightBlue: "#aecbfa",
    brightMagenta: "#e6c6ff",
    brightCyan: "#a3e8ed",
    brightWhite: "#ffffff",
  },
  light: {
    background: "#fdfdfc",
    foreground: "#24292f",
    cursor: "#1a5fb4",
    cursorAccent: "#fdfdfc",
    selectionBackground: "#bcd4f5",
    selectionInactiveBackground: "#dbe5f2",
    scrollbarSliderBackground: "#0000001f",
    scrollbarSliderHoverBackground: "#00000038",
    scrollbarSliderActiveBackground: "#0000004d",
    black: "#24292f",
    red: "#b3261e",
    green: "#1a7f37",
    yellow: "#8a5a00",
    blue: "#1a5fb4",
    magenta: "#7b3fb0",
    cyan: "#0b7285",
    white: "#6b7280",
    brightBlack: "#57606a",
    brightRed: "#c4372f",
    brightGreen: "#208a40",
    brightYellow: "#946200",
    brightBlue: "#2468c0",
    brightMagenta: "#8748c0",
    brightCyan: "#0f7f93",
    brightWhite: "#4b5563",
  },
};

/** Programs choose colours for dark terminals; on light paper they must stay legible. */
export const minimumContrast: Readonly<Record<Scheme, number>> = { dark: 1, light: 4.5 };

export const searchColours: Readonly<Record<Scheme, SearchColours>> = {
  dark: {
    matchBackground: "#5b4a1f",
    matchOverviewRuler: "#c9a227",
    activeMatchBackground: "#b58900",
    activeMatchBorder: "#ffd75e",
    activeMatchColorOverviewRuler: "#ffd75e",
  },
  light: {
    matchBackground: "#ffe9a8",
    matchOverviewRuler: "#c9a227",
    activeMatchBackground: "#ffc53d",
    activeMatchBorder: "#a06a00",
    activeMatchColorOverviewRuler: "#a06a00",
  },
};
