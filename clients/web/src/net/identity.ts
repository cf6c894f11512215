/** Who this tab is to the daemon: stable over reloads, never shared by two tabs. */

import type { ClientIdentity } from "../protocol/connection_state";

const ID_KEY = "ptyd.client_id";
const NEXT_CHANNEL_KEY = "ptyd.next_channel";
const ID_BYTES = 16;

function makeId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Takes the lock of an id for as long as the page lives. A duplicated tab copies sessionStorage and so the id; only
 * one of the two gets the lock. Where there are no locks (pages not from localhost or https) nobody can tell.
 */
function takeLock(id: string): Promise<boolean> {
  if (!("locks" in navigator)) return Promise.resolve(false);
  return new Promise((resolve) => {
    void navigator.locks.request(`ptyd.client.${id}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise<never>(() => {});
    });
  });
}

function isId(text: string | null): text is string {
  return text !== null && /^[0-9a-f]{32}$/.test(text);
}

/** The tab's identity: the one of before a reload where nobody else has it, otherwise a new one. */
export async function takeIdentity(storage: Storage = sessionStorage): Promise<ClientIdentity> {
  const stored = storage.getItem(ID_KEY);
  let id = isId(stored) && (await takeLock(stored)) ? stored : null;
  if (id === null) {
    id = makeId();
    void takeLock(id);
    storage.setItem(ID_KEY, id);
    storage.setItem(NEXT_CHANNEL_KEY, "1");
  }
  return { name: "web", id, takeChannelNumber: () => takeChannelNumber(storage) };
}

/** The daemon remembers the keys of a channel by its number: it must not begin again at 1 after a reload. */
function takeChannelNumber(storage: Storage): number {
  const number = Number(storage.getItem(NEXT_CHANNEL_KEY)) || 1;
  storage.setItem(NEXT_CHANNEL_KEY, String(number + 1));
  return number;
}
