/** Links in a terminal: a program chooses where they lead, and what stands there. */

/** What a browser may well open. A page's own powers (javascript:, data:, blob:) and files are not among it. */
const safeProtocols: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);

const MAX_SHOWN_CHARS = 2000;

/** The link as a URL; null: it may not be followed. */
export function parseSafeLink(uri: string): URL | null {
  try {
    const url = new URL(uri);
    return safeProtocols.has(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

export function openLink(uri: string): void {
  const url = parseSafeLink(uri);
  if (url !== null) window.open(url.href, "_blank", "noopener,noreferrer");
}

/** The address as the browser would take it: letters of other scripts and invisible ones are encoded. */
export function describeLink(uri: string): string {
  const url = parseSafeLink(uri);
  if (url === null) return "This link may not be followed.";
  return url.href.length > MAX_SHOWN_CHARS ? `${url.href.slice(0, MAX_SHOWN_CHARS)}…` : url.href;
}

/** Says in the corner of a terminal where the link under the pointer leads. */
export class LinkHint {
  #element: HTMLElement | null = null;

  show(terminal: HTMLElement | undefined, uri: string): void {
    this.hide();
    if (terminal === undefined) return;
    const element = document.createElement("div");
    // xterm.js lets the pointer through to no other link then.
    element.className = "link-hint xterm-hover";
    element.dataset.testid = "link-hint";
    element.textContent = describeLink(uri);
    terminal.append(element);
    this.#element = element;
  }

  hide(): void {
    this.#element?.remove();
    this.#element = null;
  }
}
