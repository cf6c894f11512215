/**
 * Scrolling with a finger. xterm.js 6 listens to wheels only, so a drag becomes wheel events: they scroll back, or reach
 * a program that wants the mouse, by the same way as a real wheel.
 */

const START_PX = 8;

export function scrollByTouch(element: HTMLElement): void {
  let lastY: number | null = null;
  let isScrolling = false;

  element.addEventListener(
    "touchstart",
    (event) => {
      lastY = event.touches.length === 1 ? (event.touches[0]?.clientY ?? null) : null;
      isScrolling = false;
    },
    { passive: true },
  );

  element.addEventListener(
    "touchmove",
    (event) => {
      const touch = event.touches[0];
      if (lastY === null || touch === undefined) return;
      const deltaY = lastY - touch.clientY;
      if (!isScrolling && Math.abs(deltaY) < START_PX) return;
      isScrolling = true;
      lastY = touch.clientY;
      event.preventDefault();
      const target = element.querySelector(".xterm-screen") ?? element;
      target.dispatchEvent(
        new WheelEvent("wheel", {
          deltaY,
          deltaMode: WheelEvent.DOM_DELTA_PIXEL,
          clientX: touch.clientX,
          clientY: touch.clientY,
          bubbles: true,
          cancelable: true,
        }),
      );
    },
    { passive: false },
  );
}
