/** A run as readable blocks, made of its lines. Unknown lines and fields change nothing. */

import { asObject, type JsonObject, type RunLine } from "./line_reader";

export type RunBlock =
  /** `isPartial`: it still grows. */
  | { readonly kind: "text" | "thinking"; text: string; isPartial: boolean; readonly isNested: boolean }
  | {
      readonly kind: "tool";
      readonly id: string;
      readonly name: string;
      /** For a person: the command, the file, or the whole input. */
      readonly summary: string;
      readonly input: string;
      /** What came of it; null: not known yet. */
      result: string | null;
      isError: boolean;
      readonly isNested: boolean;
    }
  | { readonly kind: "note"; readonly text: string; readonly isBad: boolean }
  | {
      readonly kind: "result";
      readonly isError: boolean;
      readonly text: string;
      readonly turns: number;
      readonly costUsd: number;
      readonly durationMs: number;
    };

type ToolBlock = Extract<RunBlock, { kind: "tool" }>;
type TextBlock = Extract<RunBlock, { kind: "text" | "thinking" }>;

/** What of an input says most, in this order. */
const SUMMARY_FIELDS = ["command", "file_path", "path", "pattern", "url", "query", "description", "prompt"];

export class RunBlocks {
  readonly blocks: RunBlock[] = [];
  model = "";
  readonly #tools = new Map<string, ToolBlock>();
  /** The block that pieces are added to. */
  #partial: TextBlock | null = null;
  #changed = new Set<number>();

  /** The numbers of the blocks that are new or have changed since the last time, in order. */
  takeChanged(): number[] {
    const changed = [...this.#changed].sort((a, b) => a - b);
    this.#changed = new Set();
    return changed;
  }

  add(line: RunLine): void {
    if (line.type === "problem") {
      this.#push({ kind: "note", text: line.text, isBad: true });
      return;
    }
    const { value } = line;
    switch (value.type) {
      case "system":
        this.#addSystem(value);
        break;
      case "assistant":
      case "user":
        this.#addMessage(value);
        break;
      case "stream_event":
        this.#addPiece(value);
        break;
      case "result":
        this.#addResult(value);
        break;
    }
  }

  #addSystem(value: JsonObject): void {
    if (value.subtype === "init") this.model = readText(value.model);
    if (value.subtype === "api_retry") {
      this.#push({
        kind: "note",
        text: "The API did not answer as it should; it is asked again.",
        isBad: false,
      });
    }
  }

  #addMessage(value: JsonObject): void {
    const isNested = typeof value.parent_tool_use_id === "string";
    const content = asObject(value.message)?.content;
    const blocks = typeof content === "string" ? [{ type: "text", text: content }] : content;
    if (!Array.isArray(blocks)) return;
    if (value.type === "assistant" && !isNested) this.#dropPartial();
    for (const raw of blocks) {
      const block = asObject(raw);
      if (block !== null) this.#addBlock(block, isNested);
    }
  }

  #addBlock(block: JsonObject, isNested: boolean): void {
    switch (block.type) {
      case "text":
        if (readText(block.text).trim() !== "")
          this.#push({ kind: "text", text: readText(block.text), isPartial: false, isNested });
        break;
      case "thinking":
        if (readText(block.thinking).trim() !== "")
          this.#push({ kind: "thinking", text: readText(block.thinking), isPartial: false, isNested });
        break;
      case "tool_use":
        this.#addTool(block, isNested);
        break;
      case "tool_result":
        this.#addToolResult(block);
        break;
    }
  }

  #addTool(block: JsonObject, isNested: boolean): void {
    const input = asObject(block.input) ?? {};
    const tool: ToolBlock = {
      kind: "tool",
      id: readText(block.id),
      name: readText(block.name) || "tool",
      summary: summarize(input),
      input: JSON.stringify(input, null, 2),
      result: null,
      isError: false,
      isNested,
    };
    this.#tools.set(tool.id, tool);
    this.#push(tool);
  }

  #addToolResult(block: JsonObject): void {
    const tool = this.#tools.get(readText(block.tool_use_id));
    if (tool === undefined) return;
    tool.result = readContent(block.content);
    tool.isError = block.is_error === true;
    this.#changed.add(this.blocks.indexOf(tool));
  }

  #addPiece(value: JsonObject): void {
    const event = asObject(value.event);
    if (event === null || typeof value.parent_tool_use_id === "string") return;
    if (event.type === "content_block_start" || event.type === "message_start") this.#dropPartial();
    const delta = asObject(event.delta);
    if (delta?.type === "text_delta") this.#grow("text", readText(delta.text));
    if (delta?.type === "thinking_delta") this.#grow("thinking", readText(delta.thinking));
  }

  #grow(kind: "text" | "thinking", text: string): void {
    if (this.#partial?.kind !== kind) {
      this.#dropPartial();
      this.#partial = { kind, text: "", isPartial: true, isNested: false };
      this.#push(this.#partial);
    }
    this.#partial.text += text;
    this.#changed.add(this.blocks.length - 1);
  }

  /** What was there in pieces comes whole. It is the last block: pieces of one message follow each other. */
  #dropPartial(): void {
    if (this.#partial !== null && this.blocks.at(-1) === this.#partial) {
      this.#changed.add(this.blocks.length - 1);
      this.blocks.pop();
    }
    this.#partial = null;
  }

  #addResult(value: JsonObject): void {
    this.#dropPartial();
    const errors = Array.isArray(value.errors) ? value.errors.map(String).join("\n") : "";
    this.#push({
      kind: "result",
      isError: value.is_error === true,
      text: value.is_error === true ? readText(value.result) || errors : "",
      turns: readNumber(value.num_turns),
      costUsd: readNumber(value.total_cost_usd),
      durationMs: readNumber(value.duration_ms),
    });
  }

  #push(block: RunBlock): void {
    this.blocks.push(block);
    this.#changed.add(this.blocks.length - 1);
  }
}

function summarize(input: JsonObject): string {
  for (const name of SUMMARY_FIELDS) {
    const value = input[name];
    if (typeof value === "string" && value.trim() !== "") return value.trim().split("\n", 1)[0] ?? "";
  }
  return "";
}

/** A tool's result: text, or blocks of it. */
function readContent(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((raw) => {
      const block = asObject(raw);
      return block?.type === "text" ? readText(block.text) : `[${readText(block?.type) || "?"}]`;
    })
    .join("\n");
}

function readText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function readNumber(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
