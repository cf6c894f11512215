import { describe, expect, test } from "vitest";
import type { Event, RunInfo, RunOutcome } from "../src/protocol/messages.gen";
import { LineReader, type RunLine } from "../src/runs/line_reader";
import { RunBlocks } from "../src/runs/run_blocks";
import { WaitingRuns } from "../src/runs/waiting_runs";
import { describeUsed } from "../src/ui/run_words";
import { describeSessionState, hasEndedWell } from "../src/ui/words";
import { makeSession } from "./session_info";

const encoder = new TextEncoder();

const LINES = [
  { type: "system", subtype: "init", model: "opus", tools: ["Bash"] },
  piece({ type: "message_start" }),
  piece({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
  piece({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Looking, ü" } }),
  piece({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "ber all." } }),
  message("assistant", [{ type: "text", text: "Looking, über all." }]),
  piece({ type: "content_block_stop", index: 0 }),
  message("assistant", [{ type: "tool_use", id: "t1", name: "Bash", input: { command: "ls\npwd" } }]),
  message("user", [
    { type: "tool_result", tool_use_id: "t1", content: [{ type: "text", text: "a" }, { type: "image" }] },
  ]),
  { type: "telepathy", thoughts: [] },
  message("assistant", [
    { type: "thinking", thinking: "hm" },
    { type: "hologram" },
    { type: "text", text: "Done." },
  ]),
  {
    type: "result",
    subtype: "success",
    is_error: false,
    result: "Done.",
    num_turns: 2,
    total_cost_usd: 0.5,
    duration_ms: 1234,
  },
];
const OUTPUT = encoder.encode(LINES.map((line) => `${JSON.stringify(line)}\n`).join(""));

const NO_RUN: RunInfo = {
  id: "a",
  name: "a",
  state: "running",
  prompt: "x",
  owner: "",
  model: "",
  cwd: "",
  priority: 0,
  label: "",
  conversation: "",
  timeout_seconds: null,
  queued_at: 0,
  started_at: null,
  position: 0,
  outcome: null,
};

function piece(event: object): object {
  return { type: "stream_event", event, parent_tool_use_id: null };
}

function message(type: string, content: unknown, parent: string | null = null): object {
  return { type, message: { content }, parent_tool_use_id: parent };
}

function readAll(lines: readonly object[]): RunBlocks {
  const blocks = new RunBlocks();
  for (const value of lines) blocks.add({ type: "line", value } as RunLine);
  return blocks;
}

describe("lines", () => {
  test.each([1, 2, 3, 7, 100, OUTPUT.length])("in pieces of %d bytes", (size) => {
    const reader = new LineReader();
    const lines: RunLine[] = [];
    for (let at = 0; at < OUTPUT.length; at += size)
      lines.push(...reader.feed(OUTPUT.subarray(at, at + size), at));
    expect(lines).toEqual(LINES.map((value) => ({ type: "line", value })));
    expect(reader.finish()).toEqual([]);
  });

  test("the rest of a line is left out, and a whole one is not", () => {
    const first = encoder.encode(`${JSON.stringify(LINES[0])}\n`).length;
    expect(new LineReader(5).feed(OUTPUT.subarray(5), 5)).toHaveLength(LINES.length - 1);
    expect(new LineReader(first).feed(OUTPUT.subarray(first), first)).toHaveLength(LINES.length - 1);
  });

  test("what is missing is told", () => {
    const reader = new LineReader();
    reader.feed(OUTPUT.subarray(0, 10), 0);
    const [gap, ...lines] = reader.feed(OUTPUT.subarray(300), 300);
    expect(gap).toEqual({ type: "problem", text: "300 bytes were overwritten before they could be read." });
    expect(lines.every((line) => line.type === "line")).toBe(true);
  });

  test("a line that is too long, or is none, is told", () => {
    const reader = new LineReader(0, 20);
    const data = encoder.encode(`{"a":"${"x".repeat(50)}"}\n{"b":1}\nnonsense\n[1]\n`);
    expect(reader.feed(data, 0)).toEqual([
      { type: "problem", text: "A line of 58 bytes was left out." },
      { type: "line", value: { b: 1 } },
      { type: "problem", text: "A line that cannot be read: nonsense" },
      { type: "problem", text: "A line that cannot be read: [1]" },
    ]);
  });

  test("the last line may lack its end", () => {
    const reader = new LineReader();
    expect(reader.feed(encoder.encode('{"a":1}'), 0)).toEqual([]);
    expect(reader.finish()).toEqual([{ type: "line", value: { a: 1 } }]);
  });
});

describe("blocks", () => {
  test("of a whole run", () => {
    const { blocks, model } = readAll(LINES);
    expect(model).toBe("opus");
    expect(blocks).toEqual([
      { kind: "text", text: "Looking, über all.", isPartial: false, isNested: false },
      {
        kind: "tool",
        id: "t1",
        name: "Bash",
        summary: "ls",
        input: JSON.stringify({ command: "ls\npwd" }, null, 2),
        result: "a\n[image]",
        isError: false,
        isNested: false,
      },
      { kind: "thinking", text: "hm", isPartial: false, isNested: false },
      { kind: "text", text: "Done.", isPartial: false, isNested: false },
      { kind: "result", isError: false, text: "", turns: 2, costUsd: 0.5, durationMs: 1234 },
    ]);
  });

  test("a text grows, and its pieces give way to the whole", () => {
    const blocks = readAll(LINES.slice(0, 5));
    expect(blocks.blocks).toEqual([
      { kind: "text", text: "Looking, über all.", isPartial: true, isNested: false },
    ]);
    expect(blocks.takeChanged()).toEqual([0]);
    expect(blocks.takeChanged()).toEqual([]);
    blocks.add({ type: "line", value: LINES[5] as { [name: string]: unknown } });
    expect(blocks.blocks).toMatchObject([{ text: "Looking, über all.", isPartial: false }]);
    expect(blocks.takeChanged()).toEqual([0]);
  });

  test("a tool's result changes the tool's block", () => {
    const blocks = readAll([
      message("assistant", [{ type: "tool_use", id: "t1", name: "Edit", input: {} }]),
      message("assistant", [{ type: "text", text: "meanwhile" }]),
    ]);
    blocks.takeChanged();
    const result = message("user", [
      { type: "tool_result", tool_use_id: "t1", content: "no such file", is_error: true },
    ]);
    blocks.add({ type: "line", value: result as { [name: string]: unknown } });
    expect(blocks.takeChanged()).toEqual([0]);
    expect(blocks.blocks[0]).toMatchObject({ result: "no such file", isError: true });
  });

  test("what a subagent says is set in", () => {
    const { blocks } = readAll([message("assistant", [{ type: "text", text: "inside" }], "t1")]);
    expect(blocks).toMatchObject([{ isNested: true }]);
  });

  test("a failure says why", () => {
    const api = { type: "result", subtype: "success", is_error: true, result: "API Error: 529" };
    const aborted = {
      type: "result",
      subtype: "error_during_execution",
      is_error: true,
      errors: ["aborted", 5],
    };
    expect(readAll([api]).blocks).toMatchObject([
      { isError: true, text: "API Error: 529", turns: 0, costUsd: 0 },
    ]);
    expect(readAll([aborted]).blocks).toMatchObject([{ isError: true, text: "aborted\n5" }]);
  });

  test.each([
    {},
    { type: 5 },
    { type: "assistant" },
    { type: "assistant", message: 1 },
    {
      type: "user",
      message: {
        content: [null, 5, "x", {}, { type: "tool_result" }, { type: "tool_result", tool_use_id: "t9" }],
      },
    },
    { type: "stream_event", event: null },
    { type: "stream_event", event: { type: "content_block_delta", delta: { type: "text_delta" } } },
    { type: "system", subtype: "status" },
  ])("%j breaks nothing", (line) => {
    expect(readAll([line]).blocks.filter((block) => block.kind !== "text")).toEqual([]);
  });

  test("of strange types", () => {
    const strange = {
      type: "result",
      is_error: "no",
      num_turns: "2",
      total_cost_usd: null,
      duration_ms: Number.NaN,
    };
    expect(readAll([strange]).blocks).toMatchObject([
      { isError: false, turns: 0, costUsd: 0, durationMs: 0 },
    ]);
  });
});

describe("runs that wait", () => {
  const run = (id: string, priority: number, queued_at: number): RunInfo =>
    ({ ...NO_RUN, id, priority, queued_at, state: "queued" }) as RunInfo;
  const event = (kind: string, session: string, data: object) =>
    ({ type: "Event", seq: 1, kind, session, data }) as Event;

  test("in the order in which they will start, until they do or are dropped", () => {
    const waiting = new WaitingRuns();
    waiting.replace([run("a", 0, 1), { ...run("r", 9, 0), state: "running" }]);
    expect(waiting.apply(event("run_queued", "b", run("b", 5, 3)))).toBe(true);
    expect(waiting.apply(event("run_queued", "c", run("c", 5, 2)))).toBe(true);
    expect(waiting.runs.map((one) => one.id)).toEqual(["c", "b", "a"]);
    expect(waiting.apply(event("created", "c", {}))).toBe(true);
    expect(waiting.apply(event("run_dropped", "a", {}))).toBe(true);
    expect(waiting.apply(event("updated", "b", {}))).toBe(false);
    expect(waiting.apply(event("run_queued", "d", { id: "d" }))).toBe(false);
    expect(waiting.runs.map((one) => one.id)).toEqual(["b"]);
  });
});

describe("words", () => {
  test("what was used", () => {
    expect(describeUsed(1, 0.00048, 1065)).toBe("1 turn · $0.0005 · 1.1 s");
    expect(describeUsed(2, 0, 0)).toBe("2 turns · $0.0000");
  });

  test("a run that was interrupted ends with 0, and not well", () => {
    const outcome: RunOutcome = {
      kind: "interrupted",
      message: "",
      result: "",
      turns: 1,
      duration_ms: 1,
      cost_usd: 0,
      input_tokens: 0,
      output_tokens: 0,
      cache_read_tokens: 0,
      cache_write_tokens: 0,
      conversation: "",
      denied: [],
      api_status: null,
      exit_code: 0,
      exit_signal: null,
      stderr: "",
    };
    const run: RunInfo = { ...NO_RUN, state: "ended", outcome };
    const session = makeSession("a", { kind: "run", state: "exited", exit_code: 0, run });
    expect(hasEndedWell(session)).toBe(false);
    expect(describeSessionState(session)).toBe("interrupted");
  });
});
