import { describe, expect, test } from "vitest";
import { MiniatureFeed } from "../src/overview/miniature_feed";
import { findColour } from "../src/overview/palette";
import { COSTS_MS, SessionCosts } from "../src/overview/session_costs";
import { PLAIN, readLines } from "../src/overview/styled_lines";
import type { Activity, CostRow, Miniature, RunInfo, SessionInfo } from "../src/protocol/messages.gen";
import { describeDoing, putWaitingFirst } from "../src/ui/activity_words";
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

describe("what the sessions cost", () => {
  const makeRow = (key: string, cost_usd: number, estimated_usd = 0): CostRow => ({
    key,
    label: "",
    cost_usd,
    estimated_usd,
    tokens: { input: 0, output: 0, cache_read: 0, cache_write: 0 },
    answers: 1,
    conversations: 1,
  });
  const at = (since: number, state: Activity["state"] = "idle"): SessionInfo =>
    makeSession("a", {
      activity: makeActivity({ state, since }),
      conversation: { id: "c1", path: "", keep: "never", restart_on_failure: false },
    });

  function start(answers: CostRow[][]) {
    const timers: { delayMs: number; action: () => void }[] = [];
    let asked = 0;
    let changes = 0;
    const costs = new SessionCosts({
      request: async () => {
        asked += 1;
        const rows = answers.shift();
        if (rows === undefined) throw new Error("refused");
        return rows;
      },
      onChange: () => {
        changes += 1;
      },
      schedule: (delayMs, action) => timers.push({ delayMs, action }),
    });
    const tick = async (): Promise<number> => {
      const timer = timers.shift();
      const before = asked;
      timer?.action();
      await expect.poll(() => asked).toBe(before + 1);
      await Promise.resolve();
      return timer?.delayMs ?? -1;
    };
    return { costs, timers, tick, counts: () => ({ asked, changes }) };
  }

  test("is asked for at once, and again when a turn has ended", async () => {
    const { costs, timers, tick, counts } = start([[makeRow("a", 1.5)], [makeRow("a", 2, 2)]]);
    expect(costs.find(at(1))).toBeNull();
    costs.note([at(1)]);
    costs.note([at(1)]);
    expect(await tick()).toBe(0);
    expect(costs.find(at(1))).toMatchObject({ cost_usd: 1.5 });
    costs.note([at(1)]);
    expect(timers).toEqual([]);
    costs.note([at(2)]);
    expect(await tick()).toBe(COSTS_MS);
    expect(costs.find(at(2))).toMatchObject({ cost_usd: 2, estimated_usd: 2 });
    expect(counts()).toEqual({ asked: 2, changes: 2 });
  });

  test("is not asked for where no session has a conversation", () => {
    const { costs, timers } = start([]);
    costs.note([makeSession("a")]);
    expect(timers).toEqual([]);
  });

  test("a refusal is asked again only after a change", async () => {
    const { costs, timers, tick } = start([]);
    costs.note([at(1)]);
    await tick();
    costs.note([at(1)]);
    expect(timers).toEqual([]);
    costs.note([at(2)]);
    expect(timers.length).toBe(1);
  });

  test("of a run is told with it, and next to nothing is not told", () => {
    const { costs } = start([]);
    const run = (cost_usd: number): SessionInfo =>
      makeSession("r", { kind: "run", run: { outcome: { cost_usd } } as RunInfo });
    expect(costs.find(run(0.25))).toEqual({ cost_usd: 0.25, estimated_usd: 0 });
    expect(costs.find(run(0.000001))).toBeNull();
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
