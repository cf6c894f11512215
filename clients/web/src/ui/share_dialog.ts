/** Links that open one session in a browser: make one, copy it, show it as a QR code, end it. */

import type { SessionInfo, ShareParams, ShareResult, TokenInfo } from "../protocol/messages.gen";
import { textButton } from "./button";
import { h } from "./dom";
import { drawQrCode } from "./qr_code";
import { describeError } from "./words";

export interface ShareActions {
  share(params: ShareParams): Promise<ShareResult>;
  /** The links to the session that there are. */
  list(): Promise<TokenInfo[]>;
  revoke(link: TokenInfo): Promise<void>;
  onDone(): void;
}

const lifetimes: readonly (readonly [string, number])[] = [
  ["30 minutes", 1800],
  ["2 hours", 7200],
  ["1 day", 86_400],
  ["7 days", 604_800],
];
const DEFAULT_SECONDS = 7200;

/** The address under which this very page was reached leads others to the daemon, too. */
export function makeLink(secret: string, page: string): string {
  const url = new URL("login", page);
  url.search = "";
  url.hash = secret;
  return url.href;
}

export function describeLink(link: TokenInfo, nowSeconds: number): string {
  const what = link.rights.includes("control") ? "may type" : "may look";
  if (link.expires_at === null) return `${what}, without an end`;
  const minutes = Math.max(1, Math.round((link.expires_at - nowSeconds) / 60));
  return `${what}, for ${minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`} more`;
}

export function showShare(session: SessionInfo, actions: ShareActions): void {
  const role = makeSelect("share-role", [
    ["only look", "observe"],
    ["look and type", "control"],
  ]);
  const lifetime = makeSelect(
    "share-for",
    lifetimes.map(([text, seconds]) => [text, String(seconds)] as const),
  );
  lifetime.value = String(DEFAULT_SECONDS);
  const made = h("div", { class: "share-made", attrs: { hidden: true, "data-testid": "share-made" } });
  const links = h("ul", { class: "share-links", attrs: { "data-testid": "share-links" } });
  const error = h("p", { class: "dialog-error", attrs: { role: "alert", "data-testid": "share-error" } });

  async function attempt(action: () => Promise<void>): Promise<void> {
    error.textContent = "";
    try {
      await action();
    } catch (reason) {
      error.textContent = describeError(reason);
    }
  }

  async function make(): Promise<void> {
    const { secret } = await actions.share({
      session: session.id,
      control: role.value === "control",
      expires_seconds: Number(lifetime.value),
    });
    showLink(made, makeLink(secret, location.href));
    await refresh();
  }

  async function refresh(): Promise<void> {
    const now = Date.now() / 1000;
    const rows = (await actions.list()).map((link) =>
      h(
        "li",
        { attrs: { "data-testid": "share-link" } },
        h("span", {}, describeLink(link, now)),
        textButton("Revoke", "share-revoke", "small", () => void attempt(() => revoke(link))),
      ),
    );
    links.replaceChildren(...rows);
  }

  async function revoke(link: TokenInfo): Promise<void> {
    await actions.revoke(link);
    made.hidden = true;
    made.replaceChildren();
    await refresh();
  }

  const dialog = h(
    "dialog",
    {
      class: "dialog",
      attrs: { "aria-labelledby": "share-title", "data-testid": "share-dialog" },
      on: {
        close: () => {
          dialog.remove();
          actions.onDone();
        },
      },
    },
    h(
      "form",
      {
        attrs: { novalidate: true },
        on: {
          submit: (event) => {
            event.preventDefault();
            void attempt(make);
          },
        },
      },
      h("h2", { attrs: { id: "share-title" } }, `Share ${session.name}`),
      h(
        "p",
        { class: "dialog-text" },
        "Whoever has the link sees this session and nothing else. Whoever may type can do in it what you can.",
      ),
      h(
        "div",
        { class: "share-choices" },
        h("label", { attrs: { for: "share-role" } }, "They may ", role),
        h("label", { attrs: { for: "share-for" } }, "for ", lifetime),
      ),
      made,
      links,
      error,
      h(
        "div",
        { class: "dialog-buttons" },
        textButton("Close", "share-close", "", () => dialog.close()),
        h(
          "button",
          { class: "button primary", attrs: { type: "submit", "data-testid": "share-make" } },
          "Make link",
        ),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  void attempt(refresh);
}

function showLink(place: HTMLElement, link: string): void {
  const field = h("input", {
    class: "input code",
    attrs: { type: "text", readonly: true, value: link, "aria-label": "Link", "data-testid": "share-url" },
    on: { focus: () => field.select() },
  });
  const copy = textButton("Copy", "share-copy", "small", () => {
    void navigator.clipboard.writeText(link).then(
      () => {
        copy.textContent = "Copied";
      },
      () => field.select(),
    );
  });
  place.replaceChildren(h("div", { class: "share-line" }, field, copy), drawQrCode(link));
  place.hidden = false;
}

function makeSelect(id: string, choices: readonly (readonly [string, string])[]): HTMLSelectElement {
  const options = choices.map(([text, value]) => h("option", { attrs: { value } }, text));
  return h("select", { class: "input", attrs: { id, "data-testid": id } }, ...options);
}
