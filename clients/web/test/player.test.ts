import headless from "@xterm/headless";
import { describe, expect, test } from "vitest";
import { CastError, readCast, readSize } from "../src/player/cast";
import { exportRecording } from "../src/player/export_recording";
import { type Part, Playback } from "../src/player/playback";
import { ScreenFeed } from "../src/player/screen_feed";

type Row = readonly [number, string, string];

function makeV3(rows: readonly Row[], more: object = {}): string {
  const header = { version: 3, term: { cols: 80, rows: 24 }, ...more };
  return [header, ...rows].map((line) => `${JSON.stringify(line)}\n`).join("");
}

function makeV2(rows: readonly Row[], more: object = {}): string {
  const header = { version: 2, width: 80, height: 24, ...more };
  return [header, ...rows].map((line) => `${JSON.stringify(line)}\n`).join("");
}

function textOf(part: Part): string {
  return part.events
    .filter(({ code }) => code === "o")
    .map(({ data }) => data)
    .join("");
}

describe("reading recordings", () => {
  test("version 3 has intervals", () => {
    const cast = readCast(
      makeV3(
        [
          [0.5, "o", "a"],
          [1, "m", "hier"],
          [0.25, "x", "0"],
        ],
        { title: "demo" },
      ),
    );
    expect(cast.events.map(({ at, code }) => [at, code])).toEqual([
      [0.5, "o"],
      [1.5, "m"],
      [1.75, "x"],
    ]);
    expect(cast).toMatchObject({ size: { cols: 80, rows: 24 }, title: "demo", duration: 1.75 });
  });

  test("version 2 has times", () => {
    const cast = readCast(
      makeV2([
        [0.5, "o", "a"],
        [1.5, "o", "b"],
      ]),
    );
    expect(cast.events.map(({ at }) => at)).toEqual([0.5, 1.5]);
  });

  test.each([makeV2, makeV3])("pauses are limited where the header says so", (make) => {
    const rows: Row[] = [
      [0.5, "o", "a"],
      [100, "o", "b"],
    ];
    expect(readCast(make(rows, { idle_time_limit: 3 })).duration).toBe(3.5);
  });

  test("comments, and a last line that is not finished", () => {
    const text = `${makeV3([[1, "o", "a"]])}# a comment\n\n[0.5, "o", "b"]\n[0.5, "o`;
    expect(readCast(text).events.map(({ data }) => data)).toEqual(["a", "b"]);
  });

  test.each([
    ["", "line 1"],
    ["no json\n", "line 1"],
    ['{"version": 1}\n', "version 1"],
    ['{"version": 3}\n', "size"],
    ['{"version": 3, "term": null}\n', "size"],
    ['{"version": 2, "width": 0, "height": 3}\n', "size"],
    [`${makeV3([])}oops\n`, "line 2"],
    [`${makeV3([])}[1, "o"]\n`, "line 2"],
    [`${makeV3([])}[-1, "o", "x"]\n`, "line 2"],
    [`${makeV3([])}[1, "o", 5]\n`, "line 2"],
  ])("%j is none: %s", (text, why) => {
    expect(() => readCast(text)).toThrow(CastError);
    expect(() => readCast(text)).toThrow(why);
  });

  test("sizes", () => {
    expect(readSize("100x30")).toEqual({ cols: 100, rows: 30 });
    expect(readSize("99999x1")?.cols).toBeLessThanOrEqual(1000);
    for (const data of ["", "x", "80", "80x24x1", "-1x5"]) expect(readSize(data)).toBeNull();
  });
});

describe("playing", () => {
  // At 1, 2, 3, 4 and 10 seconds; the end at 12.
  const cast = readCast(
    makeV3([
      [1, "o", "a"],
      [1, "i", "typed"],
      [1, "m", "one"],
      [1, "o", "b"],
      [6, "o", "c"],
      [2, "m", "two"],
    ]),
  );

  function start(): Playback {
    const playback = new Playback(cast);
    playback.play(100);
    return playback;
  }

  test("output comes when it came, and the end stops it", () => {
    const playback = start();
    expect(textOf(playback.takeDue(100.9))).toBe("");
    expect(textOf(playback.takeDue(101))).toBe("a");
    expect(textOf(playback.takeDue(110))).toBe("bc");
    expect(playback.isPlaying).toBe(true);
    playback.takeDue(200);
    expect([playback.isPlaying, playback.isAtEnd, playback.position(300)]).toEqual([false, true, 12]);
  });

  test("from the end it begins anew", () => {
    const playback = start();
    playback.takeDue(200);
    expect(playback.play(200)).toMatchObject({ isAnew: true });
    expect(textOf(playback.takeDue(204))).toBe("ab");
  });

  test("pause and speed", () => {
    const playback = start();
    playback.pause(101.5);
    expect(textOf(playback.takeDue(150))).toBe("a");
    playback.setSpeed(2, 150);
    playback.play(150);
    expect(playback.position(151)).toBe(3.5);
  });

  test("seeking forward adds what is between, and backward begins anew", () => {
    const playback = start();
    playback.takeDue(101);
    const forward = playback.seek(5, 101);
    expect([forward.isAnew, textOf(forward)]).toEqual([false, "b"]);
    const back = playback.seek(1, 101);
    expect([back.isAnew, textOf(back)]).toEqual([true, "a"]);
    expect(playback.seek(-5, 101)).toMatchObject({ isAnew: true, events: [] });
    expect(textOf(playback.seek(99, 101))).toBe("abc");
  });

  test("steps and marks", () => {
    const playback = new Playback(cast);
    expect(playback.nextMark(0)?.data).toBe("one");
    expect([1, 2, 3, 4].map(() => textOf(playback.step(0)))).toEqual(["a", "b", "c", ""]);
    expect(playback.nextMark(0)).toBeNull();
  });
});

test("the terminal is resized between the very bytes, and begins anew in its first size", async () => {
  const terminal = new headless.Terminal({ cols: 20, rows: 5, allowProposedApi: true });
  let resized = 0;
  const feed = new ScreenFeed(terminal, { cols: 20, rows: 5 }, () => {
    resized += 1;
  });
  const drawn = (): Promise<string> =>
    new Promise((resolve) =>
      terminal.write("", () => resolve(terminal.buffer.active.getLine(0)?.translateToString(true) ?? "")),
    );
  const events = [
    { at: 0, code: "o", data: "x".repeat(20) },
    { at: 1, code: "r", data: "30x5" },
    { at: 2, code: "o", data: "\x1b[H\x1b[30Gy" },
    { at: 3, code: "i", data: "typed" },
  ];
  feed.show({ events, isAnew: false });
  expect(await drawn()).toBe(`${"x".repeat(20)}${" ".repeat(9)}y`);
  expect([terminal.cols, resized]).toEqual([30, 1]);
  feed.show({ events: events.slice(0, 1), isAnew: true });
  expect(await drawn()).toBe("x".repeat(20));
  expect([terminal.cols, resized]).toEqual([20, 2]);
  terminal.dispose();
});

test("an export is asked for piece by piece", async () => {
  const asked: unknown[] = [];
  const answers = [
    { data: new TextEncoder().encode("one "), resume: "1", start: 7, skipped: 0 },
    { data: new TextEncoder().encode("two "), resume: "2", start: 7, skipped: 5 },
    { data: new TextEncoder().encode("three"), resume: null, start: 7, skipped: 0 },
  ];
  const request = async (method: string, params: unknown): Promise<unknown> => {
    asked.push([method, params]);
    return answers.shift();
  };
  const { bytes, missing } = await exportRecording({ request: request as never }, "1a2b3c4d");
  expect(new TextDecoder().decode(bytes)).toBe("one two three");
  expect(missing).toBe(12);
  expect(asked).toEqual(["", "1", "2"].map((resume) => ["export", { session: "1a2b3c4d", resume }]));
});
