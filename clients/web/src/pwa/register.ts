/** Nothing depends on it: where it cannot be had (plain http from another machine) the page is a page. */
export function registerServiceWorker(): void {
  if (!("serviceWorker" in navigator)) return;
  void navigator.serviceWorker.register("sw.js", { updateViaCache: "none" }).catch(() => {});
}
