/** Scrolling with a finger: xterm.js 6 listens to wheels only. */

import type { Terminal } from "@xterm/xterm";

const START_PX = 8;

export function scrollByTouch(terminal: Terminal, element: HTMLElement): void {
  let last: Touch | null = null;
  let isScrolling = false;
  /** What the finger has moved beyond whole lines. */
  let restPx = 0;

  function begin(event: TouchEvent): void {
    last = event.touches.length === 1 ? (event.touches[0] ?? null) : null;
    isScrolling = false;
    restPx = 0;
  }

  function move(event: TouchEvent): void {
    const touch = event.touches[0];
    if (last === null || touch === undefined) return;
    const downPx = touch.clientY - last.clientY;
    const isVertical = Math.abs(downPx) > Math.abs(touch.clientX - last.clientX);
    if (!isScrolling && (Math.abs(downPx) < START_PX || !isVertical)) return;
    isScrolling = true;
    last = touch;
    event.preventDefault();
    if (isProgramScrolling(terminal)) turnWheel(element, touch, -downPx);
    else scrollBuffer(downPx);
  }

  function scrollBuffer(downPx: number): void {
    const linePx = element.clientHeight / terminal.rows;
    restPx -= downPx;
    const lines = Math.trunc(restPx / linePx);
    restPx -= lines * linePx;
    if (lines !== 0) terminal.scrollLines(lines);
  }

  element.addEventListener("touchstart", begin, { passive: true });
  element.addEventListener("touchmove", move, { passive: false });
}

/** Whether the program wants the wheel, or has a screen without a scrollback. */
function isProgramScrolling(terminal: Terminal): boolean {
  return terminal.modes.mouseTrackingMode !== "none" || terminal.buffer.active.type === "alternate";
}

/** The drag as the turn of a wheel, which xterm.js brings to the program. */
function turnWheel(element: HTMLElement, { clientX, clientY }: Touch, deltaY: number): void {
  const deltaMode = WheelEvent.DOM_DELTA_PIXEL;
  const target = element.querySelector(".xterm-screen") ?? element;
  target.dispatchEvent(
    new WheelEvent("wheel", { deltaY, deltaMode, clientX, clientY, bubbles: true, cancelable: true }),
  );
}
