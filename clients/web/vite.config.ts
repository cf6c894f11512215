import { defineConfig } from "vitest/config";

export default defineConfig({
  // Addresses are relative: a reverse proxy may serve the page under a path.
  base: "./",
  build: {
    // The daemon serves this folder: index.html at "/", everything else under "/assets/".
    outDir: "../../ptyd/static",
    emptyOutDir: true,
    // No data: URLs, so that the page works under a strict Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 1024,
  },
  test: {
    include: ["test/**/*.test.ts"],
    environment: "node",
  },
});
