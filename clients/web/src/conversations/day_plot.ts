/** What each day cost, as bars. */

import type { CostRow } from "../protocol/messages.gen";
import { formatCost } from "./money";
import { draw } from "./svg";

/** In pixels of the page. */
export const PLOT_HEIGHT = 180;
const LEFT = 48;
const BOTTOM = 24;
const TOP = 12;
const GAP_PART = 0.25;
const TICKS = 2;

const DAY_MS = 86_400_000;

export interface Bar {
  readonly day: string;
  readonly cost_usd: number;
  readonly estimated_usd: number;
}

/** One bar for each day from the first to `today`, the last `count` of them; days without cost among them. */
export function fillDays(rows: readonly CostRow[], today: string, count: number): Bar[] {
  const byDay = new Map(rows.map((row) => [row.key, row]));
  const last = Date.parse(`${today}T00:00:00Z`);
  const first = rows.length === 0 ? last : Date.parse(`${rows[0]?.key ?? today}T00:00:00Z`);
  const begin = Math.max(first, last - (count - 1) * DAY_MS);
  const bars: Bar[] = [];
  for (let at = begin; at <= last; at += DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    const row = byDay.get(day);
    bars.push({ day, cost_usd: row?.cost_usd ?? 0, estimated_usd: row?.estimated_usd ?? 0 });
  }
  return bars;
}

/** The end of the scale: the next of 1, 2 and 5 times a power of ten. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value * (1 - 1e-9)) ?? 10;
  return step * power;
}

export interface PlacedBar extends Bar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where the bars stand, from the baseline up; `ceiling` reaches to the top. */
export function placeBars(bars: readonly Bar[], ceiling: number, plotWidth: number): PlacedBar[] {
  const slot = (plotWidth - LEFT) / Math.max(1, bars.length);
  const full = PLOT_HEIGHT - BOTTOM - TOP;
  return bars.map((bar, index) => {
    const height = (bar.cost_usd / ceiling) * full;
    return {
      ...bar,
      x: LEFT + index * slot + (slot * GAP_PART) / 2,
      y: PLOT_HEIGHT - BOTTOM - height,
      width: slot * (1 - GAP_PART),
      height,
    };
  });
}

/** The whole drawing; its numbers are also in its description, for those who do not see it. */
export function drawDays(bars: readonly Bar[], plotWidth: number): SVGElement {
  const ceiling = niceCeiling(Math.max(0, ...bars.map((bar) => bar.cost_usd)));
  const plot = draw("svg", { viewBox: `0 0 ${plotWidth} ${PLOT_HEIGHT}`, class: "plot", role: "img" });
  plot.setAttribute("data-testid", "cost-by-day");
  plot.setAttribute("aria-label", describeDays(bars));
  for (let tick = 0; tick <= TICKS; tick += 1) plot.append(...drawTick(tick / TICKS, ceiling, plotWidth));
  for (const bar of placeBars(bars, ceiling, plotWidth)) {
    const { x, y, width, height } = bar;
    const column = draw("rect", { x, y, width, height, rx: Math.min(3, width / 4), class: "plot-bar" });
    column.append(draw("title", {}, `${bar.day}: ${formatCost(bar)}`));
    plot.append(column);
  }
  const ends: readonly (readonly [Bar | undefined, number, string])[] = [
    [bars[0], LEFT, "start"],
    [bars.length > 1 ? bars[bars.length - 1] : undefined, plotWidth, "end"],
  ];
  for (const [bar, x, anchor] of ends) {
    if (bar !== undefined)
      plot.append(
        draw("text", { x, y: PLOT_HEIGHT - 6, "text-anchor": anchor, class: "plot-text" }, bar.day),
      );
  }
  return plot;
}

function drawTick(part: number, ceiling: number, plotWidth: number): SVGElement[] {
  const y = PLOT_HEIGHT - BOTTOM - part * (PLOT_HEIGHT - BOTTOM - TOP);
  return [
    draw("line", { x1: LEFT, x2: plotWidth, y1: y, y2: y, class: "plot-line" }),
    draw(
      "text",
      { x: LEFT - 6, y: y + 4, "text-anchor": "end", class: "plot-text" },
      formatTick(part * ceiling),
    ),
  ];
}

function formatTick(usd: number): string {
  return `$${Number(usd.toPrecision(2))}`;
}

function describeDays(bars: readonly Bar[]): string {
  const told = bars.filter((bar) => bar.cost_usd > 0).map((bar) => `${bar.day} ${formatCost(bar)}`);
  return `Cost by day: ${told.length === 0 ? "nothing yet" : told.join(", ")}`;
}
