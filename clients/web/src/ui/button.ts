import { h } from "./dom";
import { type IconName, icon } from "./icons";

/** A button that shows only an icon; `label` is its name and its tooltip. */
export function iconButton(
  name: IconName,
  label: string,
  testId: string,
  onClick: () => void,
): HTMLButtonElement {
  return h(
    "button",
    {
      class: "icon-button",
      attrs: { type: "button", "aria-label": label, title: label, "data-testid": testId },
      on: { click: onClick },
    },
    icon(name),
  );
}

export function textButton(
  text: string,
  testId: string,
  kind: string,
  onClick: () => void,
): HTMLButtonElement {
  return h(
    "button",
    { class: `button ${kind}`, attrs: { type: "button", "data-testid": testId }, on: { click: onClick } },
    text,
  );
}
