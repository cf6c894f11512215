/** An xterm.js terminal with its addons, safe to feed with what strangers' programs write. */

import { ClipboardAddon, type IClipboardProvider } from "@xterm/addon-clipboard";
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { UnicodeGraphemesAddon } from "@xterm/addon-unicode-graphemes";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { WebglAddon } from "@xterm/addon-webgl";
import { Terminal } from "@xterm/xterm";
import { clampCounts } from "./clamp_counts";
import { minimumContrast, type Scheme, terminalThemes } from "./colours";
import { DEEP_SCROLLBACK_LINES } from "./scrollback_depth";

/** The deepest that is asked for, and room for what comes while it is read. */
const SCROLLBACK_LINES = DEEP_SCROLLBACK_LINES + 2_000;

const fontFamily =
  'ui-monospace, "SF Mono", SFMono-Regular, Menlo, "Cascadia Mono", "JetBrains Mono", "DejaVu Sans Mono", Consolas, monospace';

export interface TerminalParts {
  readonly terminal: Terminal;
  readonly fit: FitAddon;
  readonly search: SearchAddon;
}

/** Programs may fill the clipboard, as in any terminal; what is in it is none of their business. */
const writeOnlyClipboard: IClipboardProvider = {
  readText: () => "",
  writeText: async (selection, text) => {
    if (selection !== "c") return;
    // Refused without a recent gesture of the user: then it stays as it was.
    await navigator.clipboard?.writeText(text).catch(() => {});
  },
};

export function openLink(uri: string): void {
  const { protocol } = new URL(uri);
  if (protocol !== "http:" && protocol !== "https:") return;
  window.open(uri, "_blank", "noopener,noreferrer");
}

export function createTerminal(scheme: Scheme, fontSizePx: number): TerminalParts {
  const terminal = new Terminal({
    allowProposedApi: true, // unicode graphemes and search decorations
    cursorBlink: true,
    cursorInactiveStyle: "outline",
    fontFamily,
    fontSize: fontSizePx,
    lineHeight: 1.15,
    linkHandler: { activate: (_event, uri) => openLink(uri), allowNonHttpProtocols: false },
    macOptionIsMeta: true,
    minimumContrastRatio: minimumContrast[scheme],
    rightClickSelectsWord: false,
    scrollback: SCROLLBACK_LINES,
    theme: terminalThemes[scheme],
  });
  const fit = new FitAddon();
  const search = new SearchAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(search);
  terminal.loadAddon(new UnicodeGraphemesAddon());
  terminal.loadAddon(new WebLinksAddon((_event, uri) => openLink(uri)));
  terminal.loadAddon(new ClipboardAddon(undefined, writeOnlyClipboard));
  clampCounts(terminal);
  return { terminal, fit, search };
}

/** Draws by WebGL where there is one, and goes back to the document's elements where it is lost. */
export function useWebgl(terminal: Terminal): void {
  try {
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => webgl.dispose());
    terminal.loadAddon(webgl);
  } catch {
    // No WebGL here: xterm.js draws with elements.
  }
}
