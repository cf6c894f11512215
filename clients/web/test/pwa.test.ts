import { describe, expect, test } from "vitest";
import { chooseAnswer, listStaleCaches } from "../src/pwa/shell_cache";

const SCOPE = "https://box.example/ptyd/";
const ASSETS = new Set(["assets/index-abc.js"]);

describe("what the service worker answers", () => {
  test.each([
    ["GET", "navigate", `${SCOPE}`, "page"],
    ["GET", "navigate", `${SCOPE}#1a2b3c4d`, "page"],
    ["GET", "navigate", `${SCOPE}?x=1`, "page"],
    ["GET", "navigate", `${SCOPE}login?ticket=t`, "network"],
    ["GET", "navigate", `${SCOPE}login#secret`, "network"],
    ["GET", "navigate", `${SCOPE}assets/index-abc.js`, "network"],
    ["GET", "cors", `${SCOPE}`, "network"],
    ["GET", "cors", `${SCOPE}assets/index-abc.js`, "asset"],
    ["GET", "cors", `${SCOPE}assets/index-old.js`, "network"],
    ["GET", "cors", `${SCOPE}metrics`, "network"],
    ["POST", "cors", `${SCOPE}api/request`, "network"],
    ["POST", "navigate", `${SCOPE}`, "network"],
    ["GET", "navigate", "https://box.example/", "network"],
    ["GET", "cors", "https://box.example/ptyd-other/assets/index-abc.js", "network"],
    ["GET", "cors", "https://evil.example/assets/index-abc.js", "network"],
  ])("%s %s %s: %s", (method, mode, url, answer) => {
    expect(chooseAnswer({ method, mode, url }, SCOPE, ASSETS)).toBe(answer);
  });

  test("only earlier builds of this very page are dropped", () => {
    const names = ["ptyd https://a/ one", "ptyd https://a/ two", "ptyd https://a/b/ one", "other"];
    expect(listStaleCaches(names, "ptyd https://a/ two", "ptyd https://a/ ")).toEqual([
      "ptyd https://a/ one",
    ]);
  });
});
