/**
 * Tells the program that wants to know (mode 1004) when the terminal gets and loses the focus.
 *
 * In the place of xterm.js's own reports, which also come when the program sets the mode, hence with every screen that is
 * rebuilt: nobody has moved then.
 */

import type { Terminal } from "@xterm/xterm";

export function reportFocus(terminal: Terminal, send: (report: string) => void): void {
  const report = (text: string) => (): void => {
    if (terminal.modes.sendFocusMode) send(text);
  };
  terminal.textarea?.addEventListener("focus", report("\x1b[I"));
  terminal.textarea?.addEventListener("blur", report("\x1b[O"));
}
