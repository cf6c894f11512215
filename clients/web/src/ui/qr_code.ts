/** A QR code as a drawing. */

import { encode } from "uqr";

const SVG = "http://www.w3.org/2000/svg";
const BORDER_CELLS = 3;

export function drawQrCode(text: string): SVGSVGElement {
  const { data, size } = encode(text, { border: BORDER_CELLS, ecc: "M" });
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("class", "qr-code");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "QR code of the link");
  svg.setAttribute("shape-rendering", "crispEdges");
  const path = document.createElementNS(SVG, "path");
  const cells = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  path.setAttribute("d", cells.join(""));
  svg.append(path);
  return svg;
}
