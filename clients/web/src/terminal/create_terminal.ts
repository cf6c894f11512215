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
import { LinkHint, openLink, parseSafeLink } from "./links";
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

/** What a program wants of the page around its terminal. */
export interface ProgramWishes {
  /** It wants this text to be on the clipboard (OSC 52). */
  copy(text: string): void;
  /** The user has clicked a link whose address is not what stands there (OSC 8). */
  follow(uri: string): void;
}

/** For terminals that nobody is to be asked about. */
const noWishes: ProgramWishes = { copy: () => {}, follow: () => {} };

/** What is on the clipboard is no program's business: it is told that there is nothing. */
function createClipboard(wishes: ProgramWishes): IClipboardProvider {
  return {
    readText: () => "",
    writeText: async (selection, text) => {
      if (selection === "c") wishes.copy(text);
    },
  };
}

export function createTerminal(
  scheme: Scheme,
  fontSizePx: number,
  wishes: ProgramWishes = noWishes,
): TerminalParts {
  const hint = new LinkHint();
  const terminal = new Terminal({
    allowProposedApi: true, // unicode graphemes and search decorations
    cursorBlink: true,
    cursorInactiveStyle: "outline",
    fontFamily,
    fontSize: fontSizePx,
    lineHeight: 1.15,
    linkHandler: {
      activate: (_event, uri) => {
        if (parseSafeLink(uri) !== null) wishes.follow(uri);
      },
      hover: (_event, uri) => hint.show(terminal.element, uri),
      leave: () => hint.hide(),
      allowNonHttpProtocols: true, // mailto: what else there is, parseSafeLink refuses
    },
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
  terminal.loadAddon(new ClipboardAddon(undefined, createClipboard(wishes)));
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
