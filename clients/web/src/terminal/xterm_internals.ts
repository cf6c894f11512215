/** The one place that reaches behind xterm.js's public face. Pinned by tests, so that an upgrade cannot break it unseen. */

import type { IDisposable, IFunctionIdentifier, Terminal } from "@xterm/xterm";

/** The parser's own parameters, not the copy that the public interface hands out. */
export interface LiveParams {
  readonly params: Int32Array;
  readonly length: number;
}

interface CoreService {
  /** Fires right before onData where a user caused the data: a key, a paste, a pointer. */
  onUserInput(listener: () => void): IDisposable;
}

interface Core {
  registerCsiHandler(id: IFunctionIdentifier, handler: (params: LiveParams) => boolean): IDisposable;
  readonly coreService: Partial<CoreService>;
}

function reachCore(terminal: object): Partial<Core> | undefined {
  return (terminal as { _core?: Partial<Core> })._core;
}

/** Registers a handler that may change the parameters before xterm.js's own handler sees them; null: not possible. */
export function registerLiveCsiHandler(
  terminal: Pick<Terminal, "cols">,
  id: IFunctionIdentifier,
  handler: (params: LiveParams) => boolean,
): IDisposable | null {
  return reachCore(terminal)?.registerCsiHandler?.(id, handler) ?? null;
}

/**
 * As the terminal's onData, and tells what a user has caused from what xterm.js says by itself, such as an answer to a
 * program's question. `isTyped` null: it cannot be told.
 */
export function onTypedData(
  terminal: Pick<Terminal, "onData">,
  handler: (data: string, isTyped: boolean | null) => void,
): void {
  let isTyped = false;
  const watched = reachCore(terminal)?.coreService?.onUserInput?.(() => {
    isTyped = true;
  });
  terminal.onData((data) => {
    const wasTyped = watched === undefined ? null : isTyped;
    isTyped = false;
    handler(data, wasTyped);
  });
}
