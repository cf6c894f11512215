/** The one place that reaches behind xterm.js's public face. Pinned by tests, so that an upgrade cannot break it unseen. */

import type { IDisposable, IFunctionIdentifier, Terminal } from "@xterm/xterm";

/** The parser's own parameters, not the copy that the public interface hands out. */
export interface LiveParams {
  readonly params: Int32Array;
  readonly length: number;
}

interface Core {
  registerCsiHandler(id: IFunctionIdentifier, handler: (params: LiveParams) => boolean): IDisposable;
}

/** Registers a handler that may change the parameters before xterm.js's own handler sees them; null: not possible. */
export function registerLiveCsiHandler(
  terminal: Pick<Terminal, "cols">,
  id: IFunctionIdentifier,
  handler: (params: LiveParams) => boolean,
): IDisposable | null {
  const core = (terminal as { _core?: Partial<Core> })._core;
  return core?.registerCsiHandler?.(id, handler) ?? null;
}
