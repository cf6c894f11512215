/** Ends this browser's login; what the page shows goes with it. */
export async function logOut(): Promise<void> {
  const response = await fetch("logout", { method: "POST", credentials: "same-origin" });
  if (!response.ok && response.status !== 401) throw new Error(`Not logged out (${response.status}).`);
  location.reload();
}
