/** The page's own keys. Everything else is the terminal's. */

export interface ShortcutActions {
  search(): void;
  copy(): void;
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** Whether a key is the page's and not the terminal's; on its way down it is carried out. */
export function handleShortcut(event: KeyboardEvent, actions: ShortcutActions): boolean {
  const hasChord = isMac
    ? event.metaKey && !event.ctrlKey
    : event.ctrlKey && event.shiftKey && !event.metaKey;
  if (!hasChord || event.altKey) return false;
  const key = event.key.toLowerCase();
  // The browser's own paste brings the text: the terminal must only not take the key.
  if (key === "v") return true;
  const action = { f: actions.search, c: isMac ? undefined : actions.copy }[key];
  if (action === undefined) return false;
  if (event.type === "keydown") {
    event.preventDefault();
    action();
  }
  return true;
}
