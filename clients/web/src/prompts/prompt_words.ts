/** What becomes of a prompt, in words. */

import { formatCost, isCounted } from "../conversations/money";
import type { Prompt, PromptOutcome } from "../protocol/messages.gen";

const outcomes: Readonly<Record<PromptOutcome, string>> = {
  ok: "Done",
  failed: "Failed",
  interrupted: "Interrupted",
  exited: "Its program has ended",
};

export function describePrompt(prompt: Prompt): string {
  switch (prompt.state) {
    case "queued":
      return prompt.problem === "" ? "Queued" : `Queued: ${prompt.problem}`;
    case "typing":
      return "Being typed";
    case "taken":
      return prompt.waits_for === null ? "Working on it" : `Waits for ${prompt.waits_for}`;
    case "failed":
      return `Not taken: ${prompt.problem}`;
    case "dropped":
      return "Dropped";
    case "done":
      return [outcomes[prompt.outcome ?? "ok"], ...describeCost(prompt)].join(" · ");
  }
}

function describeCost({ cost_usd }: Prompt): string[] {
  if (cost_usd === null || !isCounted(cost_usd)) return [];
  return [formatCost({ cost_usd, estimated_usd: cost_usd })];
}
