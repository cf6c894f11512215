import { describe, expect, test } from "vitest";
import { describeConversation, splitExcerpt } from "../src/conversations/conversation_list";
import { fillDays, niceCeiling, PLOT_HEIGHT, placeBars } from "../src/conversations/day_plot";
import { topDirectories } from "../src/conversations/directory_plot";
import { exportConversation, fileNameOf } from "../src/conversations/export_conversation";
import { formatAge, formatCost, formatCount } from "../src/conversations/money";
import type { ConversationInfo, CostRow } from "../src/protocol/messages.gen";

/** A phone's. */
const WIDTH = 328;

const noTokens = { input: 0, output: 0, cache_read: 0, cache_write: 0 };

function makeRow(key: string, cost_usd: number, estimated_usd = 0): CostRow {
  return { key, label: "", cost_usd, estimated_usd, tokens: noTokens, answers: 1, conversations: 1 };
}

describe("costs", () => {
  test.each([
    [0, 0, "$0"],
    [0.0042, 0, "$0.0042"],
    [0.0042, 0.001, "~$0.0042"],
    [12.345, 0, "$12.35"],
  ])("%d, of it %d estimated", (cost_usd, estimated_usd, shown) => {
    expect(formatCost({ cost_usd, estimated_usd })).toBe(shown);
  });

  test("counts and ages are short", () => {
    expect([950, 12_345, 3_400_000].map(formatCount)).toEqual(["950", "12k", "3.4M"]);
    expect([5, 300, 7300, 200_000].map(formatAge)).toEqual(["just now", "5 min ago", "2 h ago", "2 d ago"]);
  });
});

describe("the plot of days", () => {
  test("days without cost have their place", () => {
    const bars = fillDays([makeRow("2026-11-26", 1), makeRow("2026-11-28", 2, 0.5)], "2026-11-29", 30);
    expect(bars.map((bar) => [bar.day, bar.cost_usd])).toEqual([
      ["2026-11-26", 1],
      ["2026-11-27", 0],
      ["2026-11-28", 2],
      ["2026-11-29", 0],
    ]);
    expect(bars[2]?.estimated_usd).toBe(0.5);
  });

  test("only the last days are shown, over the end of winter time, too", () => {
    const bars = fillDays([makeRow("2020-01-01", 1)], "2026-03-30", 3);
    expect(bars.map((bar) => bar.day)).toEqual(["2026-03-28", "2026-03-29", "2026-03-30"]);
    expect(fillDays([], "2026-03-30", 3).map((bar) => bar.day)).toEqual(["2026-03-30"]);
  });

  test.each([
    [0, 1],
    [0.0034, 0.005],
    [1, 1],
    [1.2, 2],
    [7, 10],
    [23, 50],
  ])("the scale for %d ends at %d", (value, ceiling) => {
    expect(niceCeiling(value)).toBeCloseTo(ceiling, 10);
  });

  test("bars stand on one line, side by side, inside the drawing", () => {
    const rows = [makeRow("2026-11-25", 1), makeRow("2026-11-29", 2)];
    const bars = placeBars(fillDays(rows, "2026-11-29", 30), 2, WIDTH);
    for (const bar of bars) {
      expect(bar.y + bar.height).toBeCloseTo((bars[0]?.y ?? 0) + (bars[0]?.height ?? 0), 6);
      expect(bar.y).toBeGreaterThan(0);
      expect(bar.x + bar.width).toBeLessThanOrEqual(WIDTH);
    }
    const [first, last] = [bars[0], bars[bars.length - 1]];
    expect(last?.height).toBeCloseTo(2 * (first?.height ?? 0), 6);
    expect(last?.height).toBeLessThan(PLOT_HEIGHT);
    for (let at = 1; at < bars.length; at += 1)
      expect(bars[at]?.x).toBeGreaterThan((bars[at - 1]?.x ?? 0) + (bars[at - 1]?.width ?? 0));
  });
});

test("the dearest directories, and the others together", () => {
  const rows = [makeRow("/a", 1), makeRow("/b", 5), makeRow("/c", 2, 1), makeRow("/d", 3)];
  expect(topDirectories(rows, 4).map((row) => row.key)).toEqual(["/b", "/d", "/c", "/a"]);
  expect(topDirectories(rows, 3)).toEqual([
    expect.objectContaining({ key: "/b" }),
    expect.objectContaining({ key: "/d" }),
    { key: "2 others", cost_usd: 3, estimated_usd: 1 },
  ]);
});

test("an excerpt is split where the daemon says, beyond the first plane, too", () => {
  expect(splitExcerpt({ text: "…😀 say grüße 😀", begin: 7, end: 12 })).toEqual(["…😀 say ", "grüße", " 😀"]);
});

test("a conversation in one line", () => {
  const conversation = {
    messages: 2,
    size: 156_824,
    last_used_at: 1000,
    tokens: { ...noTokens, input: 12_000 },
    cost_usd: 0.5,
    estimated_usd: 0,
  } as ConversationInfo;
  expect(describeConversation(conversation, 1300)).toBe(
    "5 min ago · 2 messages · 12k tokens · $0.5000 · 153 KiB",
  );
});

test("an export is all of its pieces", async () => {
  const asked: (string | undefined)[] = [];
  const pieces = [
    { data: new TextEncoder().encode("<p>one"), resume: "6:a" },
    { data: new TextEncoder().encode(" two</p>"), resume: null },
  ];
  const connection = {
    request: async (_method: string, params: { resume?: string }) => {
      asked.push(params.resume);
      return pieces[asked.length - 1];
    },
  };
  const blob = await exportConversation(connection as never, "b3ed");
  expect(await blob.text()).toBe("<p>one two</p>");
  expect(asked).toEqual(["", "6:a"]);
});

test("a file's name is harmless", () => {
  expect(fileNameOf({ id: "b3ed", title: "Fix ../../etc/passwd: “now”!" })).toBe("Fix-etc-passwd-now.html");
  expect(fileNameOf({ id: "b3ed", title: "世界" })).toBe("b3ed.html");
});
