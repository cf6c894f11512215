"""The page that logs a browser in by what its address holds behind the ``#``.

Browsers send that part to nobody: a ticket or a share's secret stands in no log, no history of a proxy and no Referer.
The script takes it out of the address bar at once, and posts it.
"""

LOGIN_PAGE = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>ptyd</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"><style>body{font:1rem/1.5 system-ui;max-width:34rem;\
margin:20vh auto;padding:0 1rem;color-scheme:light dark}</style>
<main><h1>ptyd</h1><p id="text" role="status">Logging in…</p><noscript>ptyd needs JavaScript.</noscript></main>
<script src="login.js"></script></html>
"""

LOGIN_SCRIPT = """\
const secret = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
const say = (text) => { document.getElementById("text").textContent = text; };
async function logIn() {
  const answer = await fetch("login", { method: "POST", body: secret, cache: "no-store" });
  if (answer.ok) {
    const session = await answer.text();
    location.replace(session === "" ? "./" : `./#${session}`);
  } else {
    say(answer.status === 401
      ? "This link has been used, was revoked, or is too old. Ask for a new one; your own is made by: ptyd up --open"
      : `The daemon refuses this login (${answer.status}).`);
  }
}
logIn().catch(() => say("The daemon does not answer. Load this link again."));
"""
