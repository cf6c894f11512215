/** What makes the built page an application that can be installed: the manifest, its icons, the service worker's list. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const ICONS = [
  { file: "icon-192.png", sizes: "192x192", type: "image/png", purpose: "any" },
  { file: "icon-512.png", sizes: "512x512", type: "image/png", purpose: "any" },
  { file: "icon-maskable.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
] as const;
/** What iOS shows on its home screen. */
const TOUCH_ICON = "icon-180.png";

const SERVICE_WORKER = "sw.js";

function readIcon(file: string): Buffer {
  return readFileSync(new URL(`./src/pwa/${file}`, import.meta.url));
}

function digest(...contents: (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const content of contents) hash.update(content);
  return hash.digest("base64url").slice(0, 12);
}

function hashedName(file: string, content: string | Uint8Array): string {
  const [stem, suffix] = file.split(".");
  return `assets/${stem}-${digest(content)}.${suffix}`;
}

/** Addresses are relative to the manifest's, which lies among the assets: any path will do for the page. */
function describeApplication(): string {
  const icons = ICONS.map(({ file, ...icon }) => ({
    ...icon,
    src: hashedName(file, readIcon(file)).replace("assets/", ""),
  }));
  return JSON.stringify({
    name: "ptyd",
    short_name: "ptyd",
    description: "Terminal sessions that outlive their terminals",
    start_url: "../",
    scope: "../",
    display: "standalone",
    background_color: "#14161b",
    theme_color: "#1b1e25",
    icons,
  });
}

export function installable(): Plugin {
  const manifest = describeApplication();
  const manifestName = hashedName("manifest.webmanifest", manifest);
  return {
    name: "ptyd-installable",
    apply: "build",
    enforce: "post",
    transformIndexHtml: () => [
      {
        // The daemon lets nobody in who is not logged in, and a manifest is fetched without cookies otherwise.
        tag: "link",
        attrs: { rel: "manifest", href: `./${manifestName}`, crossorigin: "use-credentials" },
        injectTo: "head",
      },
      {
        tag: "link",
        attrs: { rel: "apple-touch-icon", href: `./${hashedName(TOUCH_ICON, readIcon(TOUCH_ICON))}` },
        injectTo: "head",
      },
    ],
    generateBundle(_options, bundle) {
      this.emitFile({ type: "asset", fileName: manifestName, source: manifest });
      for (const file of [...ICONS.map((icon) => icon.file), TOUCH_ICON]) {
        const source = readIcon(file);
        this.emitFile({ type: "asset", fileName: hashedName(file, source), source });
      }
      const worker = bundle[SERVICE_WORKER];
      const page = bundle["index.html"];
      if (worker?.type !== "chunk" || page?.type !== "asset")
        throw new Error("the build has no worker or no page");
      if (worker.imports.length > 0)
        throw new Error(`a classic worker imports nothing, but this one wants ${worker.imports.join()}`);
      // Icons and manifest are the system's business once it has them.
      const assets = Object.keys(bundle).filter((name) => /^assets\/.*\.(js|css|svg)$/.test(name));
      const list = JSON.stringify(assets);
      worker.code = worker.code
        .replace("__PTYD_ASSETS__", list.replaceAll('"', '\\"'))
        .replace("__PTYD_VERSION__", digest(page.source, list, worker.code));
    },
  };
}
