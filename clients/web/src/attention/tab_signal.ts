/** How many sessions wait, told by the tab's title and its icon. */

import { h } from "../ui/dom";

const MAX_SHOWN = 9;

/** The title with the count in front, where it is seen in the narrowest tab. */
export function makeTitle(title: string, waiting: number): string {
  return waiting === 0 ? title : `(${waiting}) ${title}`;
}

/** The icon as SVG, with the count as a badge. */
export function drawIcon(waiting: number): string {
  const count = waiting > MAX_SHOWN ? `${MAX_SHOWN}+` : `${waiting}`;
  const badge =
    '<circle cx="21" cy="21" r="11" fill="#d93025"/>' +
    `<text x="21" y="26" text-anchor="middle" font-family="sans-serif" font-size="${count.length > 1 ? 13 : 15}" font-weight="bold" fill="#fff">${count}</text>`;
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
    '<rect x="1" y="1" width="30" height="30" rx="8" fill="#1f6feb"/>' +
    '<path d="M9 11l5 5-5 5M17 21h7" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/>' +
    `${waiting === 0 ? "" : badge}</svg>`
  );
}

export class TabSignal {
  readonly #link: HTMLLinkElement;
  readonly #ownIcon: string;
  #waiting = 0;

  constructor() {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    this.#link = link ?? h("link", { attrs: { rel: "icon", type: "image/svg+xml" } });
    if (link === null) document.head.append(this.#link);
    this.#ownIcon = this.#link.href;
  }

  update(title: string, waiting: number): void {
    const whole = makeTitle(title, waiting);
    if (document.title !== whole) document.title = whole;
    if (waiting === this.#waiting) return;
    this.#waiting = waiting;
    // The page's policy lets images be data: URLs.
    this.#link.href =
      waiting === 0 ? this.#ownIcon : `data:image/svg+xml,${encodeURIComponent(drawIcon(waiting))}`;
  }
}
