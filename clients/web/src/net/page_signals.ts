/** The moments at which a page should ask whether its connection still lives. */

const LOGIN_CHANNEL = "ptyd.login";

/**
 * Calls `probe` when the page comes back: from another tab, from sleep, from a freeze, from the back-forward cache, from
 * being offline, and when another page has logged in.
 */
export function watchPage(probe: () => void): void {
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) probe();
  });
  document.addEventListener("resume", probe);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) probe();
  });
  window.addEventListener("online", probe);
  // A network that goes does not end a connection to this very machine: ask instead of believing it.
  window.addEventListener("offline", probe);
  const logins = new BroadcastChannel(LOGIN_CHANNEL);
  logins.onmessage = probe;
  // This page has just been served, so its login is good: those that lost theirs may try again.
  logins.postMessage("logged in");
}
