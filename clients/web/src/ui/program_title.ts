/** What a program calls its window, made fit for a page: it is a stranger's text. */

const MAX_TITLE_CHARS = 200;

/** Control characters, and those that turn the direction of what stands beside them. */
const unfit = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

export function cleanTitle(title: string): string {
  const chars = [...title.replace(unfit, " ").replace(/\s+/g, " ").trim()];
  return chars.length > MAX_TITLE_CHARS ? `${chars.slice(0, MAX_TITLE_CHARS).join("")}…` : chars.join("");
}
