import { describe, expect, test } from "vitest";
import { describePrompt } from "../src/prompts/prompt_words";
import { Prompts } from "../src/prompts/prompts";
import type { Prompt } from "../src/protocol/messages.gen";

function makePrompt(changes: Partial<Prompt> = {}): Prompt {
  return {
    id: "0a1b2c3d",
    session: "1a2b3c4d",
    text: "why?",
    added_at: 1000,
    added_by: "owner",
    state: "queued",
    taken_at: null,
    finished_at: null,
    outcome: null,
    message: "",
    tools: [],
    cost_usd: null,
    tokens: null,
    waits_for: null,
    problem: "",
    ...changes,
  };
}

test.each<[Partial<Prompt>, string]>([
  [{}, "Queued"],
  [
    { problem: "somebody's draft stands in its input line" },
    "Queued: somebody's draft stands in its input line",
  ],
  [{ state: "typing" }, "Being typed"],
  [{ state: "taken" }, "Working on it"],
  [{ state: "taken", waits_for: "permission" }, "Waits for permission"],
  [{ state: "done", outcome: "ok", cost_usd: 0.25 }, "Done · ~$0.2500"],
  [{ state: "done", outcome: "interrupted", cost_usd: 0 }, "Interrupted"],
  [{ state: "failed", problem: "the session has ended" }, "Not taken: the session has ended"],
  [{ state: "dropped" }, "Dropped"],
])("%o is told as %s", (changes, words) => {
  expect(describePrompt(makePrompt(changes))).toBe(words);
});

describe("the prompts of a session", () => {
  function start(answers: Prompt[][]) {
    const asked: [string, unknown][] = [];
    const note = (name: string) => async (params: unknown) => {
      asked.push([name, params]);
    };
    let changes = 0;
    const prompts = new Prompts(
      "1a2b3c4d",
      {
        list: async () => {
          const list = answers.shift();
          if (list === undefined) throw new Error("lost");
          return list;
        },
        add: note("add"),
        edit: note("edit"),
        drop: note("drop"),
      },
      () => {
        changes += 1;
      },
    );
    return { prompts, asked, changes: () => changes };
  }

  test("are fetched anew after what was done here", async () => {
    const done = makePrompt({ state: "done", outcome: "ok" });
    const { prompts, asked, changes } = start([[makePrompt()], [done], [done]]);
    await prompts.add("one");
    await prompts.edit("a", "two");
    await prompts.drop("a");
    expect(asked.map(([name]) => name)).toEqual(["add", "edit", "drop"]);
    expect(asked[1]?.[1]).toEqual({ session: "1a2b3c4d", prompt: "a", text: "two" });
    await expect.poll(changes).toBeGreaterThan(0);
  });

  test("stay as they are where the connection is lost", async () => {
    const { prompts, changes } = start([[makePrompt()]]);
    await prompts.refresh();
    await prompts.refresh();
    expect([prompts.prompts.length, changes()]).toEqual([1, 1]);
  });
});
