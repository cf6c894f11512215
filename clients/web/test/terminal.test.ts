import headless from "@xterm/headless";
import { beforeEach, describe, expect, test } from "vitest";
import type { OutputMark } from "../src/protocol/channel_state";
import { readBufferText } from "../src/terminal/buffer_text";
import { clampCounts } from "../src/terminal/clamp_counts";
import { isReport } from "../src/terminal/input_kind";
import { swallowPastClipboard, swallowQueries } from "../src/terminal/swallow_queries";
import { TerminalFeed } from "../src/terminal/terminal_feed";
import { registerLiveCsiHandler } from "../src/terminal/xterm_internals";

type HeadlessTerminal = InstanceType<typeof headless.Terminal>;

let terminal: HeadlessTerminal;
let replies: string[];

beforeEach(() => {
  terminal = new headless.Terminal({ cols: 80, rows: 24, allowProposedApi: true });
  replies = [];
  terminal.onData((data) => replies.push(data));
});

function write(data: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => terminal.write(data, resolve));
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const questions: [string, string][] = [
  ["DA1", "\x1b[c"],
  ["DA2", "\x1b[>c"],
  ["DSR", "\x1b[5n"],
  ["CPR", "\x1b[6n"],
  ["DEC CPR", "\x1b[?6n"],
  ["DECRQM", "\x1b[4$p"],
  ["private DECRQM", "\x1b[?2026$p"],
  ["DECRQSS", "\x1bP$qm\x1b\\"],
];

describe("questions", () => {
  test.each(questions)("%s is answered by xterm.js where nothing swallows it", async (_, question) => {
    await write(question);
    expect(replies.length).toBe(1);
  });

  test.each(questions)("%s is swallowed while this client may not answer", async (_, question) => {
    let mayAnswer = false;
    swallowQueries(terminal.parser, () => mayAnswer);
    await write(question);
    expect(replies).toEqual([]);
    mayAnswer = true;
    await write(question);
    expect(replies.length).toBe(1);
  });

  test("what is no question passes", async () => {
    swallowQueries(terminal.parser, () => false);
    await write("\x1b]4;1;rgb:00/00/00\x1b\\\x1b[22t\x1b[1;1Hshown");
    expect(readBufferText(terminal.buffer.active)).toBe("shown");
  });

  test("a clipboard write of the past is swallowed", async () => {
    const seen: string[] = [];
    let isLive = false;
    terminal.parser.registerOscHandler(52, (data) => seen.push(data) > 0);
    swallowPastClipboard(terminal.parser, () => isLive);
    await write("\x1b]52;c;b2xk\x07");
    isLive = true;
    await write("\x1b]52;c;bmV3\x07");
    expect(seen).toEqual(["c;bmV3"]);
  });
});

describe("counts", () => {
  test("the parser's own parameters can be reached", () => {
    expect(registerLiveCsiHandler(terminal, { final: "S" }, () => false)).not.toBeNull();
  });

  test.each(["b", "L", "M", "S", "T", "I", "Z"])("CSI 2147483647 %s ends soon", async (final) => {
    clampCounts(terminal);
    await write(`x\x1b[2147483647${final}\x1bcalive`);
    expect(readBufferText(terminal.buffer.active)).toBe("alive");
  });

  test.each([
    ["b", "x\x1b[3b", "xxxx"],
    ["I", "\x1b[2Ix", `${" ".repeat(16)}x`],
    ["L", "a\r\nb\x1b[1;1H\x1b[1L", "\na\nb"],
    ["S", "a\r\nb\x1b[1S", "b"],
  ])("CSI %s does what it should within the bounds", async (_, input, shown) => {
    clampCounts(terminal);
    await write(input);
    expect(readBufferText(terminal.buffer.active)).toBe(shown);
  });

  test("beyond the bounds it does what the bound does", async () => {
    clampCounts(terminal);
    await write("a\r\nb\x1b[1;1H\x1b[999999Ltop");
    expect(readBufferText(terminal.buffer.active)).toBe("top");
  });
});

describe("the feed", () => {
  let parsed: OutputMark[];
  let feed: TerminalFeed;

  beforeEach(() => {
    parsed = [];
    feed = new TerminalFeed(
      terminal,
      (mark) => parsed.push(mark),
      () => {},
    );
  });

  function output(text: string | Uint8Array, end: number): void {
    const data = typeof text === "string" ? bytes(text) : text;
    feed.handle({ type: "output", data, mark: { generation: 1, end, isScreen: false } });
  }

  test("a mark is given back when its output has been parsed", async () => {
    output("one", 3);
    expect(parsed).toEqual([]);
    await write("");
    expect(parsed).toEqual([{ generation: 1, end: 3, isScreen: false }]);
  });

  test("a size takes effect between the output before and after it", async () => {
    output("\x1b[999C|", 7);
    feed.handle({ type: "resized", size: { cols: 100, rows: 24 } });
    output("\r\n\x1b[999C|", 16);
    await write("");
    const columns = [0, 1].map((row) => terminal.buffer.active.getLine(row)?.translateToString(true).length);
    expect(columns).toEqual([80, 100]);
  });

  test("a reset ends half a character and half a sequence", async () => {
    output("old", 3);
    output(Uint8Array.of(0xe4, 0xbd), 5);
    feed.handle({ type: "reset", size: { cols: 60, rows: 20 }, fromStart: false });
    output("\x1b]0;half a title", 20);
    feed.handle({ type: "reset", size: { cols: 60, rows: 20 }, fromStart: false });
    output("new", 3);
    await write("");
    expect(readBufferText(terminal.buffer.active)).toBe("new");
    expect([terminal.cols, terminal.rows]).toEqual([60, 20]);
  });

  test("a screen takes the place of all that was, and its mark comes when it has been parsed", async () => {
    output("old \x1b[31", 3);
    const mark = { generation: 2, end: 9, isScreen: true };
    feed.handle({ type: "screen", size: { cols: 60, rows: 20 }, data: bytes("a screen"), mark });
    expect(parsed).toEqual([]);
    await write("");
    expect(readBufferText(terminal.buffer.active)).toBe("a screen");
    expect([terminal.cols, terminal.rows]).toEqual([60, 20]);
    expect(parsed.at(-1)).toEqual(mark);
  });

  test("the present begins where the replay has been parsed", async () => {
    const seen: boolean[] = [];
    terminal.parser.registerCsiHandler({ final: "c" }, () => seen.push(feed.isLive) > 0);
    output("\x1b[c", 3);
    feed.handle({ type: "live" });
    output("\x1b[c", 6);
    feed.handle({ type: "attached", session: "s", name: "n", answers: false });
    output("\x1b[c", 9);
    await write("");
    expect(seen).toEqual([false, true, false]);
  });
});

test.each([
  ["\x1b[I", true],
  ["\x1b[O", true],
  ["\x1b[<35;10;5M", true],
  ["\x1b[<0;10;5m", true],
  ["\x1b[M !!", true],
  ["\x1b[A", false],
  ["\x1bOA", false],
  ["I", false],
  ["\x1b", false],
  ["\x1b[<35;1;1Mx", false],
])("%j is a report: %s", (data, expected) => {
  expect(isReport(data)).toBe(expected);
});

test("wrapped lines are read as one", async () => {
  await write(`${"w".repeat(100)}\r\nnext`);
  expect(readBufferText(terminal.buffer.active)).toBe(`${"w".repeat(100)}\nnext`);
});
