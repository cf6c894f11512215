/** Costs and tokens, for people. */

import type { CostRow, TokenCounts } from "../protocol/messages.gen";

/** US dollars; less is nothing to speak of. */
const NEGLIGIBLE_USD = 0.00005;

type Cost = Pick<CostRow, "cost_usd" | "estimated_usd">;

export function isCounted(cost_usd: number): boolean {
  return cost_usd >= NEGLIGIBLE_USD;
}

/** `$1.23`, `~$0.0042` where some of it is computed from tokens. */
export function formatCost({ cost_usd, estimated_usd }: Cost): string {
  if (!isCounted(cost_usd)) return "$0";
  const mark = isCounted(estimated_usd) ? "~" : "";
  return `${mark}$${cost_usd >= 1 ? cost_usd.toFixed(2) : cost_usd.toFixed(4)}`;
}

/** `950`, `12k`, `3.4M`. */
export function formatCount(count: number): string {
  if (count < 10_000) return String(count);
  return count < 1_000_000 ? `${Math.round(count / 1000)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}

export function countTokens(tokens: TokenCounts): number {
  return tokens.input + tokens.output + tokens.cache_read + tokens.cache_write;
}

/** `just now`, `5 min ago`, `3 h ago`, `4 d ago`. */
export function formatAge(seconds: number): string {
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${Math.round(kib)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}
