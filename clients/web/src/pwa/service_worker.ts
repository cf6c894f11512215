/**
 * Makes the page installable, and shows it where the daemon is away for a moment: it then says so, and comes back. A click
 * on a notification that a page has shown by it leads to the session.
 */

import type { NotificationClick } from "./notification_click";
import { chooseAnswer, listStaleCaches } from "./shell_cache";

/** As far as it is used; the types of workers and of documents do not go together. */
interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface WorkerFetch extends WorkerEvent {
  readonly request: Request;
  /** What the browser has asked for by itself, while the worker woke up. */
  readonly preloadResponse: Promise<Response | undefined>;
  respondWith(response: Promise<Response>): void;
}
interface WorkerClick extends WorkerEvent {
  readonly notification: { readonly data: { readonly session: string }; close(): void };
}
interface Page {
  postMessage(message: unknown): void;
  focus(): Promise<unknown>;
}
interface Worker {
  readonly registration: {
    readonly scope: string;
    readonly navigationPreload?: { enable(): Promise<void> };
  };
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: { type: "window" }): Promise<Page[]>;
    openWindow(url: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: WorkerEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: WorkerFetch) => void): void;
  addEventListener(type: "notificationclick", listener: (event: WorkerClick) => void): void;
}

const worker = globalThis as unknown as Worker;
/** The build puts them in (pwa_plugin.ts). */
const VERSION = "__PTYD_VERSION__";
const ASSETS: readonly string[] = JSON.parse("__PTYD_ASSETS__");

const { scope } = worker.registration;
const prefix = `ptyd ${scope} `;
const cacheName = `${prefix}${VERSION}`;
const assets = new Set(ASSETS);

worker.addEventListener("install", (event) => {
  event.waitUntil(keepShell().then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([dropOldShells(), preloadPages()]).then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const answer = chooseAnswer(event.request, scope, assets);
  if (answer === "page") event.respondWith(answerPage(event));
  else if (answer === "asset") event.respondWith(answerAsset(event.request));
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(showSession(event.notification.data.session));
});

/** In the page that is there, or in a new one. */
async function showSession(session: string): Promise<void> {
  const [page] = await worker.clients.matchAll({ type: "window" });
  if (page === undefined) {
    await worker.clients.openWindow(`${scope}#${session}`);
    return;
  }
  const click: NotificationClick = { clicked: session };
  page.postMessage(click);
  await page.focus();
}

async function keepShell(): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.addAll(["./", ...ASSETS].map((path) => new Request(path, { cache: "no-cache" })));
}

async function dropOldShells(): Promise<void> {
  const stale = listStaleCaches(await caches.keys(), cacheName, prefix);
  await Promise.all(stale.map((name) => caches.delete(name)));
}

/**
 * The browser itself asks for a page then, as if there were no worker: the daemon sees whether a link of another site has
 * led here. A worker's own request for it says so in a way that no link does, and would be refused.
 */
async function preloadPages(): Promise<void> {
  await worker.registration.navigationPreload?.enable();
}

/** Whatever the daemon says counts, be it that nobody is logged in. */
async function answerPage({ request, preloadResponse }: WorkerFetch): Promise<Response> {
  try {
    return (await preloadResponse) ?? (await fetch(request));
  } catch (error) {
    const kept = await (await caches.open(cacheName)).match("./");
    if (kept === undefined) throw error;
    return kept;
  }
}

async function answerAsset(request: Request): Promise<Response> {
  const kept = await (await caches.open(cacheName)).match(request);
  return kept ?? fetch(request);
}
