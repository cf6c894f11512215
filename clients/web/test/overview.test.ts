import { describe, expect, test } from "vitest";
import { describeDoing, putWaitingFirst } from "../src/attention/activity_words";
import { MiniatureFeed } from "../src/overview/miniature_feed";
import { findColour } from "../src/overview/palette";
import { PLAIN, readLines } from "../src/overview/styled_lines";
import type { Activity, Miniature, SessionInfo } from "../src/protocol/messages.gen";
import { makeActivity, makeSession } from "./session_info";

describe("lines with styles", () => {
  test("are runs of one style", () => {
    expect(readLines("a\x1b[0;1;31mred\x1b[0m b\n\n\x1b[0;7mx\n")).toEqual([
      [
        { text: "a", style: PLAIN },
        { text: "red", style: { ...PLAIN, isBold: true, foreground: 1 } },
        { text: " b", style: PLAIN },
      ],
      [],
      [{ text: "x", style: { ...PLAIN, isInverse: true } }],
    ]);
  });

  test.each([
    ["38;5;200", { foreground: 200 }],
    ["48;2;1;2;255", { background: "#0102ff" }],
    ["38;2;1;2;3;48;5;9;2", { foreground: "#010203", background: 9, isFaint: true }],
    ["97", { foreground: 15 }],
    ["100", { background: 8 }],
    ["4:3;58:2::1:2:3;8", { isInvisible: true }],
  ])("%s", (parameters, style) => {
    expect(readLines(`\x1b[0;${parameters}mx\n`)).toEqual([[{ text: "x", style: { ...PLAIN, ...style } }]]);
  });

  test("leave out links and whatever else there might be", () => {
    const text = "\x1b]8;id=1;http://x/\x1b\\link\x1b]8;;\x1b\\ \x1b]0;title\x07\x1b[2Jend\x9b\x00\n";
    expect(
      readLines(text)[0]
        ?.map((run) => run.text)
        .join(""),
    ).toBe("link end");
  });
});

test.each([
  [1, "#f28b82"],
  [16, "rgb(0 0 0)"],
  [196, "rgb(255 0 0)"],
  [110, "rgb(135 175 215)"],
  [255, "rgb(238 238 238)"],
])("colour %d of the palette is %s", (number, colour) => {
  expect(findColour(number, "dark")).toBe(colour);
});

describe("the feed of miniatures", () => {
  function start(sessions: SessionInfo[]) {
    const asked: Record<string, number>[] = [];
    const timers: (() => void)[] = [];
    const state = { isWatched: true, answer: [] as Miniature[], fails: false };
    const feed = new MiniatureFeed({
      listVisible: () => sessions,
      isWatched: () => state.isWatched,
      request: async (known) => {
        asked.push(known);
        if (state.fails) throw new Error("lost");
        return state.answer;
      },
      onMiniature: () => {},
      schedule: (_, action) => timers.push(action),
    });
    const tick = async (): Promise<void> => {
      await expect.poll(() => timers.length).toBe(1);
      timers.pop()?.();
    };
    return { feed, asked, state, tick };
  }

  const session = makeSession("0000000a", { cols: 80, rows: 24 });
  const miniature = { session: session.id, offset: 7, cols: 80, rows: 24, text: "" };

  test("asks only for what is newer", async () => {
    const { feed, asked, state, tick } = start([session]);
    state.answer = [miniature];
    feed.wake();
    feed.wake();
    await tick();
    expect(asked).toEqual([{ [session.id]: 0 }, { [session.id]: 7 }]);
  });

  test("asks anew for one that has another size", async () => {
    const sessions = [session];
    const { feed, asked, state, tick } = start(sessions);
    state.answer = [miniature];
    feed.wake();
    await expect.poll(() => asked.length).toBe(1);
    sessions[0] = { ...session, cols: 100 };
    await tick();
    expect(asked[1]).toEqual({ [session.id]: 0 });
  });

  test("goes on after a failure, and rests while nobody looks", async () => {
    const { feed, asked, state, tick } = start([session]);
    state.fails = true;
    feed.wake();
    await tick();
    expect(asked.length).toBe(2);
    state.isWatched = false;
    await tick();
    feed.wake();
    expect(asked.length).toBe(2);
    state.isWatched = true;
    feed.wake();
    expect(asked.length).toBe(3);
  });

  test("asks nothing where nothing can be seen", async () => {
    const { feed, asked, tick } = start([]);
    feed.wake();
    await tick();
    expect(asked).toEqual([]);
  });
});

describe("what a session is doing", () => {
  const running = makeSession("0000000a");
  const doing = (id: string, changes: Partial<Activity>): SessionInfo =>
    makeSession(id, { activity: makeActivity(changes) });

  test("is told as far as the daemon says it", () => {
    expect(describeDoing(running)).toBe("running");
    expect(describeDoing(doing("a", { state: "working" }))).toBe("Working");
    expect(describeDoing(doing("a", { state: "waiting", waits_for: "permission", tool: "Bash\x1b" }))).toBe(
      "Waits for permission: Bash",
    );
    expect(describeDoing(makeSession("a", { state: "exited", exit_code: 1 }))).toBe("exited with status 1");
  });

  test("puts those that wait first, the longest waiting before", () => {
    const late = doing("late", { state: "waiting", since: 9 });
    const early = doing("early", { state: "waiting", since: 2 });
    const sorted = putWaitingFirst([running, late, early]);
    expect(sorted.map((session) => session.id)).toEqual(["early", "late", "0000000a"]);
  });
});
