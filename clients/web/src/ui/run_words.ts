/** What the page says of runs. */

import type { RunInfo, RunOutcome } from "../protocol/messages.gen";

const kinds: Readonly<Record<string, string>> = {
  success: "Done",
  api_error: "API error",
  max_turns: "Out of turns",
  max_budget: "Out of budget",
  interrupted: "Interrupted",
  timeout: "Out of time",
  refused: "Did not begin",
  terminated: "Terminated",
  killed: "Killed",
  failed: "Failed",
  lost: "Lost",
};

export function describeOutcome(outcome: RunOutcome): string {
  return kinds[outcome.kind] ?? outcome.kind;
}

/** What it has used: `2 turns · $0.0005 · 1.1 s`. */
export function describeUsed(turns: number, costUsd: number, durationMs: number): string {
  const parts = [turns === 1 ? "1 turn" : `${turns} turns`, `$${costUsd.toFixed(4)}`];
  if (durationMs > 0) parts.push(`${(durationMs / 1000).toFixed(1)} s`);
  return parts.join(" · ");
}

export function describeRunState(run: RunInfo): string {
  if (run.outcome === null) return run.state === "ended" ? "Ended" : "Running";
  return describeOutcome(run.outcome);
}
