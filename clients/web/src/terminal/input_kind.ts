/** Tells what xterm.js emits on its own from what the user typed. */

const focusReport = /^\x1b\[[IO]$/;
const mouseReport = /^(?:\x1b\[<[\d;]+[Mm])+$|^\x1b\[M[\s\S]{3}$/;

export function isFocusReport(data: string): boolean {
  return focusReport.test(data);
}

/**
 * Reports of focus and mouse are no typing: from a client that only looks on they must not be sent, or a pointer that
 * crosses the window would take control of the session.
 */
export function isReport(data: string): boolean {
  return isFocusReport(data) || mouseReport.test(data);
}
