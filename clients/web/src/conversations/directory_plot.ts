/** What each directory cost: a list with bars, the dearest first. */

import type { CostRow } from "../protocol/messages.gen";
import { h } from "../ui/dom";
import { formatCost } from "./money";
import { draw } from "./svg";

export const MAX_DIRECTORIES = 8;

/** The dearest directories, and the others together. */
export function topDirectories(rows: readonly CostRow[], max = MAX_DIRECTORIES): Pick<CostRow, CostFields>[] {
  const sorted = [...rows].sort((one, other) => other.cost_usd - one.cost_usd);
  if (sorted.length <= max) return sorted;
  const rest = sorted.slice(max - 1);
  const sum = (field: "cost_usd" | "estimated_usd"): number =>
    rest.reduce((total, row) => total + row[field], 0);
  const others = {
    key: `${rest.length} others`,
    cost_usd: sum("cost_usd"),
    estimated_usd: sum("estimated_usd"),
  };
  return [...sorted.slice(0, max - 1), others];
}

type CostFields = "key" | "cost_usd" | "estimated_usd";

export function drawDirectories(rows: readonly CostRow[]): HTMLElement {
  const shown = topDirectories(rows).filter((row) => row.cost_usd > 0);
  const most = Math.max(0, ...shown.map((row) => row.cost_usd));
  return h(
    "ul",
    { class: "directory-plot", attrs: { "data-testid": "cost-by-directory" } },
    ...shown.map((row) =>
      h(
        "li",
        {},
        h("span", { class: "directory-name", attrs: { title: row.key } }, row.key || "(unknown)"),
        h("span", { class: "directory-cost" }, formatCost(row)),
        drawBar(row.cost_usd / most),
      ),
    ),
  );
}

/** For the eye only: the number stands beside it. */
function drawBar(part: number): SVGElement {
  const bar = draw("svg", { class: "directory-bar", "aria-hidden": "true" });
  bar.append(draw("rect", { width: `${part * 100}%`, height: "100%", rx: 3, class: "plot-bar" }));
  return bar;
}
