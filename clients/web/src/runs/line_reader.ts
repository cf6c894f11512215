/** A run's output cut into lines of JSON. As protocol/ptyd_protocol/run_events.py does it. */

export type JsonObject = { readonly [name: string]: unknown };

export type RunLine =
  | { readonly type: "line"; readonly value: JsonObject }
  /** Something is missing, or cannot be read; `text` says what, for a person. */
  | { readonly type: "problem"; readonly text: string };

/** Of one line: more comes of a program gone wrong, and is left out. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;

const LINE_FEED = 0x0a;

export class LineReader {
  readonly #maxLineBytes: number;
  readonly #decoder = new TextDecoder();
  #parts: Uint8Array[] = [];
  #length = 0;
  #offset: number;
  /** What is next may be the rest of a line. */
  #isUnsure: boolean;

  /** `offset`: where the output that it will be given begins. Only 0 is certainly the beginning of a line. */
  constructor(offset = 0, maxLineBytes = MAX_LINE_BYTES) {
    this.#offset = offset;
    this.#isUnsure = offset > 0;
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that `data`, which begins at `offset`, makes complete. */
  feed(data: Uint8Array, offset: number): RunLine[] {
    const lines: RunLine[] = [];
    if (offset !== this.#offset) lines.push(this.#jump(offset));
    let begin = 0;
    for (let end = data.indexOf(LINE_FEED); end >= 0; end = data.indexOf(LINE_FEED, begin)) {
      this.#take(data.subarray(begin, end));
      lines.push(...this.#endLine());
      begin = end + 1;
    }
    this.#take(data.subarray(begin));
    this.#offset = offset + data.length;
    return lines;
  }

  /** The output has ended: what is left is a line without its end. */
  finish(): RunLine[] {
    return this.#endLine();
  }

  #jump(offset: number): RunLine {
    const skipped = offset - this.#offset + this.#length;
    this.#parts = [];
    this.#length = 0;
    this.#offset = offset;
    this.#isUnsure = offset > 0;
    return { type: "problem", text: `${skipped} bytes were overwritten before they could be read.` };
  }

  #take(piece: Uint8Array): void {
    this.#length += piece.length;
    // A copy: the buffer is the message's.
    if (this.#length <= this.#maxLineBytes) this.#parts.push(piece.slice());
    else this.#parts = [];
  }

  #endLine(): RunLine[] {
    const length = this.#length;
    const parts = this.#parts;
    const wasUnsure = this.#isUnsure;
    this.#parts = [];
    this.#length = 0;
    this.#isUnsure = false;
    if (length > this.#maxLineBytes)
      return [{ type: "problem", text: `A line of ${length} bytes was left out.` }];
    const text = parts.map((part) => this.#decoder.decode(part, { stream: true })).join("");
    const line = (text + this.#decoder.decode()).trim();
    if (line === "") return [];
    const value = parseObject(line);
    if (value !== null) return [{ type: "line", value }];
    // The rest of a JSON object is never one itself.
    return wasUnsure ? [] : [{ type: "problem", text: `A line that cannot be read: ${line.slice(0, 200)}` }];
  }
}

function parseObject(text: string): JsonObject | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}

/** `value` where it is an object, and no list. */
export function asObject(value: unknown): JsonObject | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}
