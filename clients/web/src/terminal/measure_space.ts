import type { Size } from "../protocol/channel_state";
import { createTerminal, useWebgl } from "./create_terminal";
import { clampSize } from "./letterbox";

/** The size that a terminal would have in the host, found by opening one; the host is empty and stays so. */
export function measureSpace(host: HTMLElement, fontSizePx: number): Size | null {
  const wasHidden = host.hidden;
  host.hidden = false;
  const { terminal, fit } = createTerminal("dark", fontSizePx);
  terminal.open(host);
  // The renderers round the width of a cell differently.
  useWebgl(terminal);
  const proposed = fit.proposeDimensions();
  terminal.dispose();
  host.hidden = wasHidden;
  return proposed === undefined || !Number.isFinite(proposed.cols + proposed.rows)
    ? null
    : clampSize(proposed);
}
