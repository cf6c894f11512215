/**
 * Bounds on the counts of control sequences. xterm.js 6 loops as often as it is told: `CSI 2147483647 S` hangs the page
 * for minutes and the same count with REP asks for gigabytes.
 */

import type { Terminal } from "@xterm/xterm";
import { registerLiveCsiHandler } from "./xterm_internals";

/** Longer repetitions are no program's; a line has at most a thousand columns. */
const MAX_REPEAT = 65_536;

type Bound = (terminal: Pick<Terminal, "cols" | "rows">) => number;

const byRows: Bound = (terminal) => terminal.rows;
const byCols: Bound = (terminal) => terminal.cols;

/** Beyond the bound nothing more would change on the screen. */
const bounds: Readonly<Record<string, Bound>> = {
  L: byRows, // insert lines
  M: byRows, // delete lines
  S: byRows, // scroll up
  T: byRows, // scroll down
  I: byCols, // forward tabulations
  Z: byCols, // backward tabulations
  b: () => MAX_REPEAT, // repeat the last character
};

export function clampCounts(terminal: Pick<Terminal, "cols" | "rows" | "parser">): void {
  for (const [final, bound] of Object.entries(bounds)) {
    const isClamped = registerLiveCsiHandler(terminal, { final }, ({ params, length }) => {
      if (length > 0) params[0] = Math.min(params[0] ?? 0, bound(terminal));
      return false;
    });
    if (isClamped !== null) continue;
    // Without access to the parameters: better no effect than a page that hangs.
    terminal.parser.registerCsiHandler({ final }, ([count]) => Number(count ?? 0) > MAX_REPEAT);
  }
}
