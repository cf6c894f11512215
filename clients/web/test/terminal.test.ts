import headless from "@xterm/headless";
import { beforeEach, describe, expect, test } from "vitest";
import type { ChannelEvent, OutputMark } from "../src/protocol/channel_state";
import { readBufferText } from "../src/terminal/buffer_text";
import { clampCounts } from "../src/terminal/clamp_counts";
import { isReport } from "../src/terminal/input_kind";
import { findAnchor, takeAnchor } from "../src/terminal/scroll_anchor";
import { ScrollbackDepth } from "../src/terminal/scrollback_depth";
import { swallowPastClipboard, swallowQueries } from "../src/terminal/swallow_queries";
import { TerminalFeed } from "../src/terminal/terminal_feed";
import { onTypedData, registerLiveCsiHandler } from "../src/terminal/xterm_internals";

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
    const seen: string[] = [];
    for (const osc of [4, 11, 52]) terminal.parser.registerOscHandler(osc, (data) => seen.push(data) > 0);
    swallowQueries(terminal.parser, () => false);
    const set = ["4;1;rgb:00/00/00", "4;1;?;2;#ffffff", "11;#000000", "52;c;bmV3"];
    const asked = ["4;1;?", "4;1;?;2;?", "11;?", "11;?;?", "52;c;?"];
    await write([...set, ...asked].map((osc) => `\x1b]${osc}\x1b\\`).join(""));
    await write("\x1b[22t\x1b[1;1Hshown");
    expect(readBufferText(terminal.buffer.active)).toBe("shown");
    expect(seen).toEqual(set.map((osc) => osc.replace(/^\d+;/, "")));
  });

  test.each(questions)("what xterm.js says to %s is known not to be typed", async (_, question) => {
    const seen: unknown[] = [];
    onTypedData(terminal, (data, isTyped) => seen.push([data, isTyped]));
    terminal.input("a");
    await write(question);
    terminal.input("b");
    terminal.input("as a script", false);
    expect(seen).toEqual([
      ["a", true],
      [expect.any(String), false],
      ["b", true],
      ["as a script", false],
    ]);
  });

  test("without access to xterm.js's own word nothing is said of who typed", () => {
    const handlers: ((data: string) => void)[] = [];
    const seen: unknown[] = [];
    const onData = (handler: (data: string) => void) => {
      handlers.push(handler);
      return { dispose: () => {} };
    };
    onTypedData({ onData }, (data, isTyped) => seen.push([data, isTyped]));
    for (const handler of handlers) handler("x");
    expect(seen).toEqual([["x", null]]);
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
  let swaps: string[];

  beforeEach(() => {
    parsed = [];
    swaps = [];
    feed = new TerminalFeed(terminal, () => {}, {
      begin: () => swaps.push(`begin at ${readBufferText(terminal.buffer.active)}`),
      end: () => swaps.push(`end at ${readBufferText(terminal.buffer.active)}`),
    });
  });

  function handle(event: ChannelEvent): void {
    feed.handle(event, (mark) => parsed.push(mark));
  }

  function output(text: string | Uint8Array, end: number): void {
    const data = typeof text === "string" ? bytes(text) : text;
    handle({ type: "output", data, mark: { generation: 1, end, isScreen: false } });
  }

  test("a mark is given back when its output has been parsed", async () => {
    output("one", 3);
    expect(parsed).toEqual([]);
    await write("");
    expect(parsed).toEqual([{ generation: 1, end: 3, isScreen: false }]);
  });

  test("a size takes effect between the output before and after it", async () => {
    output("\x1b[999C|", 7);
    handle({ type: "resized", size: { cols: 100, rows: 24 } });
    output("\r\n\x1b[999C|", 16);
    await write("");
    const columns = [0, 1].map((row) => terminal.buffer.active.getLine(row)?.translateToString(true).length);
    expect(columns).toEqual([80, 100]);
  });

  test("a reset ends half a character and half a sequence", async () => {
    output("old", 3);
    output(Uint8Array.of(0xe4, 0xbd), 5);
    handle({ type: "reset", size: { cols: 60, rows: 20 }, fromStart: false });
    output("\x1b]0;half a title", 20);
    handle({ type: "reset", size: { cols: 60, rows: 20 }, fromStart: false });
    output("new", 3);
    await write("");
    expect(readBufferText(terminal.buffer.active)).toBe("new");
    expect([terminal.cols, terminal.rows]).toEqual([60, 20]);
  });

  test("a screen takes the place of all that was, and its mark comes when it has been parsed", async () => {
    output("old \x1b[31", 3);
    const mark = { generation: 2, end: 9, isScreen: true };
    handle({ type: "screen", size: { cols: 60, rows: 20 }, data: bytes("a screen"), mark });
    expect(parsed).toEqual([]);
    await write("");
    expect(readBufferText(terminal.buffer.active)).toBe("a screen");
    expect([terminal.cols, terminal.rows]).toEqual([60, 20]);
    expect(parsed.at(-1)).toEqual(mark);
  });

  function screen(text: string, end: number): void {
    const mark = { generation: end, end, isScreen: true };
    handle({ type: "screen", size: { cols: 80, rows: 24 }, data: bytes(text), mark });
  }

  test("what is to be kept is taken before the reset, and brought back behind the screen", async () => {
    output("old", 3);
    screen("new", 3);
    await write("");
    expect(swaps).toEqual(["begin at old", "end at new"]);
  });

  test("a screen that takes the place of one not yet parsed is the one that stays", async () => {
    screen("first \x1b[3", 1);
    output("and more", 9);
    screen("second", 20);
    output(" and more", 29);
    await write("");
    expect(readBufferText(terminal.buffer.active)).toBe("second and more");
    expect(parsed.map(({ end }) => end)).toEqual([1, 9, 20, 29]);
  });

  test("a screen that ends within a sequence is gone on with", async () => {
    screen("black\r\n\x1b[", 5);
    output("1;1Hwhite", 14);
    await write("");
    expect(readBufferText(terminal.buffer.active)).toBe("white");
  });

  test("a screen and its reset are one piece to xterm.js, which may draw only between two", () => {
    const writes: (string | Uint8Array)[] = [];
    const fed = {
      cols: 80,
      rows: 24,
      write: (data: string | Uint8Array) => writes.push(data),
      resize: () => {},
    };
    const swap = { begin: () => {}, end: () => {} };
    const mark = { generation: 1, end: 1, isScreen: true };
    new TerminalFeed(fed, () => {}, swap).handle(
      { type: "screen", size: { cols: 80, rows: 24 }, data: bytes("all"), mark },
      () => {},
    );
    const texts = writes.map((data) => (typeof data === "string" ? data : new TextDecoder().decode(data)));
    expect(texts).toEqual(["", expect.stringMatching(/^\x18\x1bc.*all$/)]);
  });

  test("colours that the program has changed go with the rest", async () => {
    const seen: string[] = [];
    for (const osc of [104, 110, 111, 112]) {
      terminal.parser.registerOscHandler(osc, (data) => seen.push(`${osc}${data}`) < 0);
    }
    screen("", 1);
    await write("");
    expect(seen).toEqual(["104", "110", "111", "112"]);
  });

  test("the present begins where the replay has been parsed", async () => {
    const seen: boolean[] = [];
    terminal.parser.registerCsiHandler({ final: "c" }, () => seen.push(feed.isLive) > 0);
    output("\x1b[c", 3);
    handle({ type: "live" });
    output("\x1b[c", 6);
    handle({ type: "attached", session: "s", name: "n", answers: false });
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

describe("the place scrolled to", () => {
  function lines(from: number, to: number): string {
    return Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`).join("\r\n");
  }

  function topLine(target: HeadlessTerminal): string {
    const { active } = target.buffer;
    return active.getLine(active.viewportY)?.translateToString(true) ?? "";
  }

  async function rebuild(data: string, cols = 80): Promise<string | null> {
    const anchor = takeAnchor(terminal.buffer.active);
    const rebuilt = new headless.Terminal({ cols, rows: 24, allowProposedApi: true, scrollback: 12_000 });
    await new Promise<void>((resolve) => rebuilt.write(data, resolve));
    const line = anchor === null ? null : findAnchor(rebuilt.buffer.active, anchor);
    if (line === null) return null;
    rebuilt.scrollToLine(line);
    return topLine(rebuilt);
  }

  beforeEach(async () => {
    await write(lines(1000, 1500));
  });

  test("is none at the end", async () => {
    expect(takeAnchor(terminal.buffer.active)).toBeNull();
  });

  test.each([
    ["the same lines", lines(1000, 1500)],
    ["more before", lines(1, 1500)],
    ["more behind", lines(1000, 1900)],
    ["more on both sides", lines(1, 9000)],
    ["fewer before", lines(1300, 1500)],
  ])("is the same text among %s", async (_, data) => {
    terminal.scrollToLine(400);
    expect(await rebuild(data)).toBe("line 1400");
  });

  test("is as far from the end where the text is gone", async () => {
    terminal.scrollToLine(400);
    const other = lines(1000, 1500).replaceAll("line", "other");
    expect(await rebuild(other)).toBe("other 1400");
    expect(await rebuild(lines(1450, 1500))).toBe("line 1450");
  });

  test("is none on the alternate screen", async () => {
    terminal.scrollToLine(400);
    expect(await rebuild(`${lines(1000, 1500)}\x1b[?1049h`)).toBeNull();
    await write("\x1b[?1049h");
    expect(takeAnchor(terminal.buffer.active)).toBeNull();
  });

  test("more lines are asked for once, where as many came as were asked for", () => {
    const depth = new ScrollbackDepth();
    expect([depth.lines, depth.deepen()]).toEqual([2000, false]);
    depth.receive(1999);
    expect(depth.deepen()).toBe(false);
    depth.receive(2000);
    expect([depth.deepen(), depth.lines]).toEqual([true, 10_000]);
    depth.receive(10_000);
    expect([depth.deepen(), depth.lines]).toEqual([false, 10_000]);
  });
});

test("wrapped lines are read as one", async () => {
  await write(`${"w".repeat(100)}\r\nnext`);
  expect(readBufferText(terminal.buffer.active)).toBe(`${"w".repeat(100)}\nnext`);
});
