/** Reads protocol/vectors. */

import { readdirSync, readFileSync } from "node:fs";
import { isMap } from "../src/protocol/validate";

const folder = new URL("../../../protocol/vectors/", import.meta.url);

export interface ValidVector {
  readonly name: string;
  readonly hex: string;
  readonly message: Record<string, unknown>;
}

export interface InvalidVector {
  readonly name: string;
  readonly hex: string;
  readonly close_code: number;
}

export interface MessageVectors {
  readonly message: string;
  readonly code: number;
  readonly from: "client" | "daemon";
  readonly valid: readonly ValidVector[];
  readonly invalid: readonly InvalidVector[];
}

export interface LargeVector {
  readonly name: string;
  readonly prefix: string;
  readonly repeat: string;
  readonly count: number;
  readonly close_code: number | null;
}

export interface ParamsVectors {
  readonly params: readonly { method: string; sent: unknown; means: unknown }[];
  readonly bad_params: readonly { method: string; sent: unknown; error: string; why: string }[];
}

export interface ResultsVectors {
  readonly results: readonly { method: string; sent: unknown; means: unknown }[];
  readonly bad_results: readonly { method: string; sent: unknown; why: string }[];
}

export type BySender<T> = { readonly client: readonly T[]; readonly daemon: readonly T[] };

export function bytesFromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** JSON with `{"$bytes": hex}` as bytes. */
function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (!isMap(value)) return value;
  if (typeof value.$bytes === "string") return bytesFromHex(value.$bytes);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revive(item)]));
}

export function readVectors<T>(file: string): T {
  return revive(JSON.parse(readFileSync(new URL(file, folder), "utf8"))) as T;
}

export function readMessageVectors(): MessageVectors[] {
  const files = readdirSync(folder).filter((file) => /^[A-Z]\w*\.json$/.test(file));
  return files.map((file) => readVectors<MessageVectors>(file));
}
