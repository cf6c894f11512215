/**
 * What of the page is kept for a time without a daemon: its shell, and nothing else.
 *
 * The shell is the page itself and what it loads, all of which is in the repository. The page is asked for first, and
 * its kept copy is shown only where nobody answers; assets are named after their contents, so a kept one is never a wrong
 * one. Requests, WebSocket, login: the service worker does not touch them.
 */

export type Answer = "network" | "page" | "asset";

export interface Asked {
  readonly method: string;
  readonly mode: string;
  readonly url: string;
}

/** How to answer a request. `scope`: where the page is, with a slash at its end; `assets`: relative to it. */
export function chooseAnswer(asked: Asked, scope: string, assets: ReadonlySet<string>): Answer {
  if (asked.method !== "GET" || !asked.url.startsWith(scope)) return "network";
  const [path = ""] = asked.url.slice(scope.length).split(/[?#]/, 1);
  if (asked.mode === "navigate") return path === "" ? "page" : "network";
  return assets.has(path) ? "asset" : "network";
}

/** The caches of earlier builds of the same page; other applications of the same origin have their own. */
export function listStaleCaches(names: readonly string[], current: string, prefix: string): string[] {
  return names.filter((name) => name.startsWith(prefix) && name !== current);
}
