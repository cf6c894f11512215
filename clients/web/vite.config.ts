import { defineConfig } from "vitest/config";
import { installable } from "./pwa_plugin.ts";

export default defineConfig({
  // Addresses are relative: a reverse proxy may serve the page under a path.
  base: "./",
  plugins: [installable()],
  build: {
    // The daemon serves this folder: index.html at "/", everything else under "/assets/".
    outDir: "../../ptyd/static",
    emptyOutDir: true,
    // No data: URLs, so that the page works under a strict Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 1024,
    rolldownOptions: {
      input: { index: "index.html", sw: "src/pwa/service_worker.ts" },
      output: {
        // A service worker has to lie where the page does, under a name that stays.
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
    environment: "node",
  },
});
