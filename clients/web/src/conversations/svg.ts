/** Drawings, made by the DOM's own calls: nothing that the page's policy would have to allow. */

const SVG = "http://www.w3.org/2000/svg";

export function draw(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  text = "",
): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== "") element.textContent = text;
  return element;
}
