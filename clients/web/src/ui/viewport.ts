/** Keeps the page above the touch keyboard, where the browser lays the keyboard over it. */

export function followVisualViewport(): void {
  const viewport = window.visualViewport;
  if (viewport === null) return;
  const follow = (): void => {
    // Pinch-zoomed: the user looks closer, the page stays as it is.
    if (viewport.scale > 1.01) return;
    document.documentElement.style.setProperty("--app-height", `${viewport.height}px`);
    document.documentElement.style.setProperty("--app-top", `${viewport.offsetTop}px`);
  };
  viewport.addEventListener("resize", follow);
  viewport.addEventListener("scroll", follow);
  follow();
}
