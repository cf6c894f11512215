/** A block as an element. Whatever a run says is text, and nothing else. */

import { h } from "../ui/dom";
import { describeUsed } from "../ui/run_words";
import type { RunBlock } from "./run_blocks";

/** So much of one text is shown: a page with megabytes in one element stands still. */
const MAX_SHOWN_CHARS = 50_000;
/** A longer result is folded. */
const MAX_OPEN_CHARS = 600;

export function createBlock(block: RunBlock): HTMLElement {
  switch (block.kind) {
    case "text":
      return h("div", attributes(block, block.isNested), cut(block.text));
    case "thinking":
      return h("details", attributes(block, block.isNested), h("summary", {}, "Thinking"), cut(block.text));
    case "tool":
      return createTool(block);
    case "note":
      return h(
        "p",
        { class: `run-block run-note${block.isBad ? " run-bad" : ""}`, attrs: kind("note") },
        block.text,
      );
    case "result":
      return h(
        "p",
        { class: `run-block run-result${block.isError ? " run-bad" : ""}`, attrs: kind("result") },
        ...(block.text === "" ? [] : [h("span", { class: "run-error" }, cut(block.text))]),
        h("span", { class: "run-used" }, describeUsed(block.turns, block.costUsd, block.durationMs)),
      );
  }
}

function createTool(block: Extract<RunBlock, { kind: "tool" }>): HTMLElement {
  const input = h(
    "details",
    { class: "run-input" },
    h("summary", {}, h("span", { class: "run-tool-name" }, block.name), h("code", {}, block.summary)),
    h("pre", {}, cut(block.input)),
  );
  return h("div", attributes(block, block.isNested), input, createResult(block.result, block.isError));
}

function createResult(result: string | null, isError: boolean): HTMLElement {
  if (result === null) return h("p", { class: "run-waiting" }, "…");
  const title = isError ? "Error" : result.trim() === "" ? "No output" : "Result";
  const isOpen = result.trim() !== "" && result.length <= MAX_OPEN_CHARS;
  return h(
    "details",
    { class: `run-tool-result${isError ? " run-bad" : ""}`, attrs: { open: isOpen } },
    h("summary", {}, title),
    h("pre", {}, cut(result)),
  );
}

function attributes(block: RunBlock, isNested: boolean): { class: string; attrs: Record<string, string> } {
  return { class: `run-block run-${block.kind}${isNested ? " run-nested" : ""}`, attrs: kind(block.kind) };
}

function kind(name: string): Record<string, string> {
  return { "data-testid": `run-${name}` };
}

function cut(text: string): string {
  if (text.length <= MAX_SHOWN_CHARS) return text;
  return `${text.slice(0, MAX_SHOWN_CHARS)}\n… ${text.length - MAX_SHOWN_CHARS} more characters`;
}
