/** Draws a screen in small. */

import type { Miniature } from "../protocol/messages.gen";
import { type Scheme, terminalThemes } from "../terminal/colours";
import { findColour } from "./palette";
import { type RunStyle, readLines } from "./styled_lines";

const FONT = '"DejaVu Sans Mono", ui-monospace, Menlo, Consolas, monospace';
/** Of a cell: height by width. */
const CELL_ASPECT = 2.1;
/** Of the cell's height. */
const FONT_SHARE = 0.86;
const FAINT_ALPHA = 0.6;

/** Characters that cover two cells. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u;

export function drawMiniature(canvas: HTMLCanvasElement, miniature: Miniature, scheme: Scheme): void {
  const context = canvas.getContext("2d");
  const widthPx = canvas.clientWidth;
  if (context === null || widthPx === 0) return;
  const { cols, rows } = miniature;
  const cellWidth = widthPx / cols;
  const cellHeight = cellWidth * CELL_ASPECT;
  const scale = devicePixelRatio;
  canvas.width = Math.round(widthPx * scale);
  canvas.height = Math.round(rows * cellHeight * scale);
  canvas.style.aspectRatio = `${widthPx} / ${rows * cellHeight}`;
  context.scale(scale, scale);
  const theme = terminalThemes[scheme];
  const own = { foreground: theme.foreground ?? "", background: theme.background ?? "" };
  context.fillStyle = own.background;
  context.fillRect(0, 0, widthPx, rows * cellHeight);
  context.textBaseline = "middle";
  context.font = `${cellHeight * FONT_SHARE}px ${FONT}`;
  const stretch = cellWidth / (context.measureText("0").width || cellWidth);
  readLines(miniature.text)
    .slice(0, rows)
    .forEach((runs, row) => {
      let col = 0;
      for (const { text, style } of runs) {
        const width = countCells(text);
        const { foreground, background } = chooseColours(style, own, scheme);
        if (background !== own.background) {
          context.fillStyle = background;
          context.fillRect(col * cellWidth, row * cellHeight, width * cellWidth, cellHeight);
        }
        if (!style.isInvisible && text.trim() !== "") {
          context.save();
          context.translate(col * cellWidth, (row + 0.5) * cellHeight);
          context.scale(stretch, 1);
          context.globalAlpha = style.isFaint ? FAINT_ALPHA : 1;
          context.fillStyle = foreground;
          context.fillText(text, 0, 0);
          context.restore();
        }
        col += width;
      }
    });
}

function chooseColours(
  style: RunStyle,
  own: { readonly foreground: string; readonly background: string },
  scheme: Scheme,
): { foreground: string; background: string } {
  const name = (colour: string | number | null, otherwise: string): string =>
    typeof colour === "number" ? findColour(colour, scheme) : (colour ?? otherwise);
  const foreground = name(style.foreground, own.foreground);
  const background = name(style.background, own.background);
  return style.isInverse ? { foreground: background, background: foreground } : { foreground, background };
}

function countCells(text: string): number {
  let count = 0;
  for (const char of text) count += WIDE.test(char) ? 2 : 1;
  return count;
}
