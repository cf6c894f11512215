/** The icons, drawn on a 24 x 24 grid. */

const paths = {
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l4.5 4.5",
  pencil: "M4 20l1-4L16 5l3 3L8 19l-4 1ZM14 7l3 3",
  close: "M6 6l12 12M18 6L6 18",
  stop: "M12 4v8M6.5 7.5a8 8 0 1 0 11 0",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
  left: "M15 6l-6 6 6 6",
  right: "M9 6l6 6-6 6",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  auto: "M12 20a8 8 0 1 0 0-16v16ZM12 4a8 8 0 0 0 0 16",
  people:
    "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM3.5 19c.6-3 2.8-4.5 5.5-4.5s4.9 1.5 5.5 4.5M15.5 5.3a3 3 0 0 1 0 5.4M17.5 14.8c1.6.7 2.6 2.1 3 4.2",
  clip: "M8.5 12.5l6-6a3 3 0 0 1 4.2 4.2l-8 8a5 5 0 0 1-7-7l7.5-7.5",
  grid: "M4 4.5h7v6.5H4ZM13.5 4.5h6.5v6.5h-6.5ZM4 13.5h7V20H4ZM13.5 13.5h6.5V20h-6.5Z",
  paste: "M9 5H6v15h12V5h-3M9 3.5h6V7H9Z",
  prompt: "M5 7l5 5-5 5M12.5 17H19",
  play: "M8 5.5v13l11-6.5Z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  save: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  film: "M4 5.5h16v13H4ZM8 5.5v13M16 5.5v13M4 12h4M16 12h4",
  lock: "M6.5 11h11v8.5h-11ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  unlock: "M6.5 11h11v8.5h-11ZM8.5 11V7a3.5 3.5 0 0 1 6.8-1.2",
  share: "M12 15V4M8 8l4-4 4 4M6 11.5v8h12v-8",
  leave: "M13 4H6v16h7M10 12h10M16.5 8.5 20 12l-3.5 3.5",
  send: "M4 11.5 20 4l-5 16-4-6.5ZM11 13.5 20 4",
  talk: "M4 5h16v11H10l-4.5 4v-4H4Z",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15ZM10 20.5h4",
  inbox: "M4 13l3-8h10l3 8v6H4ZM4 13h5l1.5 2.5h3L15 13h5",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5M9 9h6v6H9Z",
} as const;

export type IconName = keyof typeof paths;

const SVG = "http://www.w3.org/2000/svg";

/** An icon for the eye only; the button around it carries the words. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}
