import { describe, expect, test } from "vitest";
import { Heartbeat, TICK_MS } from "../src/net/heartbeat";
import { SessionList } from "../src/protocol/session_list";
import { describeAppearance, parseColour } from "../src/terminal/appearance";
import { terminalThemes } from "../src/terminal/colours";
import { chooseFontSize, clampSize } from "../src/terminal/letterbox";
import { describeLink, parseSafeLink } from "../src/terminal/links";
import { encodeBarKey, modifyText } from "../src/terminal/modifiers";
import { previewText } from "../src/ui/clipboard_prompt";
import { cleanTitle } from "../src/ui/program_title";
import { CommandLineError, joinCommandLine, splitCommandLine } from "../src/ui/shell_words";
import { StickyModifiers } from "../src/ui/sticky_modifiers";
import { describeDetached, describeExit, describeStatus } from "../src/ui/words";
import { makeSession } from "./session_info";

describe("a command line", () => {
  test.each([
    ["", []],
    ["  ls   -la ", ["ls", "-la"]],
    ["bash -c 'echo \"hi\" | cat'", ["bash", "-c", 'echo "hi" | cat']],
    ['say "a \\"b\\" c"', ["say", 'a "b" c']],
    ['keep "\\n"', ["keep", "\\n"]],
    ["a\\ b", ["a b"]],
    ["x''y \"\"", ["xy", ""]],
    ["--flag='two words'", ["--flag=two words"]],
    ["echo *.py ~", ["echo", "*.py", "~"]],
  ])("%j", (line, words) => {
    expect(splitCommandLine(line)).toEqual(words);
  });

  test.each(["ls | less", "a && b", "echo $HOME", 'echo "$HOME"', "x > y", "`x`", "'open", '"open', "end\\"])(
    "%j is explained",
    (line) => {
      expect(() => splitCommandLine(line)).toThrow(CommandLineError);
    },
  );

  test.each([[["bash", "-c", 'it\'s | "x" $y']], [["", "a b", "\\"]], [["claude", "--resume"]]])(
    "%j survives being shown",
    (words) => {
      expect(splitCommandLine(joinCommandLine(words))).toEqual(words);
    },
  );
});

describe("the key bar", () => {
  const none = { ctrl: false, alt: false };
  const ctrl = { ctrl: true, alt: false };
  const alt = { ctrl: false, alt: true };
  const both = { ctrl: true, alt: true };

  test.each([
    ["c", ctrl, "\x03"],
    ["C", ctrl, "\x03"],
    ["[", ctrl, "\x1b"],
    [" ", ctrl, "\x00"],
    ["/", ctrl, "\x1f"],
    ["é", ctrl, "é"],
    ["b", alt, "\x1bb"],
    ["b", both, "\x1b\x02"],
    ["word", ctrl, "\x17ord"],
    ["😀x", alt, "\x1b😀x"],
    ["x", none, "x"],
  ])("%j with %o", (text, modifiers, sent) => {
    expect(modifyText(text, modifiers)).toBe(sent);
  });

  test.each([
    ["ArrowUp", none, false, "\x1b[A"],
    ["ArrowUp", none, true, "\x1bOA"],
    ["ArrowLeft", ctrl, true, "\x1b[1;5D"],
    ["ArrowRight", alt, false, "\x1b[1;3C"],
    ["ArrowDown", both, false, "\x1b[1;7B"],
    ["Escape", none, false, "\x1b"],
    ["Tab", none, false, "\t"],
    ["ShiftTab", none, false, "\x1b[Z"],
    ["Escape", alt, false, "\x1b\x1b"],
  ] as const)("%s with %o", (key, modifiers, applicationCursor, sent) => {
    expect(encodeBarKey(key, modifiers, applicationCursor)).toBe(sent);
  });

  test("a modifier is for one key, or locked by a second press", () => {
    let changes = 0;
    const sticky = new StickyModifiers(() => {
      changes += 1;
    });
    sticky.press("ctrl");
    expect(sticky.take()).toEqual(ctrl);
    expect(sticky.take()).toEqual(none);
    sticky.press("alt");
    sticky.press("alt");
    expect([sticky.take(), sticky.take()]).toEqual([alt, alt]);
    sticky.press("alt");
    expect(sticky.take()).toEqual(none);
    expect(changes).toBeGreaterThan(4);
  });
});

describe("the letterbox", () => {
  test.each([
    ["room for all", { width: 500, height: 300 }, 14],
    ["half as wide", { width: 250, height: 900 }, 7],
    ["a little too low", { width: 900, height: 290 }, 13.5],
    ["no room at all", { width: 1, height: 1 }, 4],
  ])("%s", (_, space, fontPx) => {
    expect(chooseFontSize(14, { width: 500, height: 300 }, space)).toBe(fontPx);
  });

  test("sizes keep to the wire's bounds", () => {
    expect(clampSize({ cols: 0.5, rows: 0 })).toEqual({ cols: 2, rows: 1 });
    expect(clampSize({ cols: 5000, rows: 33.9 })).toEqual({ cols: 1000, rows: 33 });
  });
});

describe("the appearance", () => {
  test.each(["dark", "light"] as const)("of the %s theme is complete", (scheme) => {
    const appearance = describeAppearance(scheme, { width: 8.43, height: 17 }, 2);
    expect(appearance.palette?.length).toBe(16);
    expect(appearance.palette?.[9]).toBe(parseColour(terminalThemes[scheme].brightRed));
    expect(appearance).toMatchObject({ cell_width: 17, cell_height: 34, dark: scheme === "dark" });
    for (const colour of [appearance.foreground, appearance.background, appearance.cursor]) {
      expect(colour).toEqual(expect.any(Number));
    }
  });

  test("of cells that cannot be measured is unknown", () => {
    const unknown = { cell_width: 0, cell_height: 0 };
    expect(describeAppearance("dark", { width: 0, height: 0 }, 1)).toMatchObject(unknown);
    expect(describeAppearance("dark", { width: Number.NaN, height: -3 }, 1)).toMatchObject(unknown);
  });

  test.each([
    ["#000000", 0],
    ["#FFa001", 0xffa001],
    ["#fff", null],
    ["red", null],
    ["#ffffff80", null],
    [undefined, null],
  ])("colour %s", (text, colour) => {
    expect(parseColour(text)).toBe(colour);
  });
});

test.each([
  ["  vim  a.txt ", "vim a.txt"],
  ["a\x1b]0;b\x07\nc", "a ]0;b c"],
  ["\u202egnp.exe\u2066", "gnp.exe"],
  ["<b>bold</b>", "<b>bold</b>"],
  ["x".repeat(300), `${"x".repeat(200)}…`],
  ["你好 👩‍💻", "你好 👩‍💻"],
])("the title %j is shown as %j", (title, shown) => {
  expect(cleanTitle(title)).toBe(shown);
});

test.each([
  ["ls -l", "ls -l"],
  ["rm -rf ~\n", "rm -rf ~⏎"],
  ["\x1b[31mred\x07", "\\u{1b}[31mred\\u{7}"],
  ["a\u202eb\u200bc", "a\\u{202e}b\\u{200b}c"],
  ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
  ["é漢😀", "é漢😀"],
  ["x".repeat(1000), `${"x".repeat(160)}…`],
])("of %j to be copied is shown %j", (text, shown) => {
  expect(previewText(text)).toBe(shown);
});

test.each([
  ["https://example.org/a?b=c#d", true],
  ["http://example.org", true],
  ["mailto:somebody@example.org", true],
  ["javascript:alert(1)", false],
  ["JavaScript:alert(1)", false],
  [" \tjava\nscript:alert(1)", false],
  ["data:text/html,<script>alert(1)</script>", false],
  ["blob:https://example.org/1", false],
  ["file:///etc/passwd", false],
  ["vbscript:x", false],
  ["//example.org", false],
  ["", false],
])("the link %j may be followed: %s", (uri, isSafe) => {
  expect(parseSafeLink(uri) !== null).toBe(isSafe);
});

test("a link is shown as the browser takes it", () => {
  expect(describeLink("https://аррӏе.com/\u202egnp")).toBe("https://xn--80ak6aa92e.com/%E2%80%AEgnp");
});

describe("the list of sessions", () => {
  function event(seq: number, kind: string, session: string, data: object = {}) {
    return { type: "Event", seq, kind, session, data: data as Record<string, unknown>, at: 0 } as const;
  }

  test("is what the subscription says and what happens after it", () => {
    const list = new SessionList();
    list.replace({
      seq: 5,
      sessions: [makeSession("a"), makeSession("b", { created_at: 2 })],
      is_late: false,
    });
    expect(list.apply(event(5, "removed", "a"))).toBe(false);
    expect(list.apply(event(6, "created", "c", makeSession("c", { created_at: 3 })))).toBe(true);
    expect(list.apply(event(7, "exited", "a", makeSession("a", { state: "exited", exit_code: 0 })))).toBe(
      true,
    );
    expect(list.apply(event(8, "removed", "b"))).toBe(true);
    expect(list.sessions.map((session) => session.id)).toEqual(["c", "a"]);
  });

  test("survives kinds and data that it does not know", () => {
    const list = new SessionList();
    list.replace({ seq: 1, sessions: [makeSession("a")], is_late: false });
    expect(list.apply(event(2, "hold_ended", "a", { client_id: "x" }))).toBe(false);
    expect(list.apply(event(3, "later", "a", { pid: "text" }))).toBe(false);
    expect(list.sessions.length).toBe(1);
  });

  test("begins anew with each run of the daemon", () => {
    const list = new SessionList();
    list.replace({ seq: 900, sessions: [makeSession("old")], is_late: false });
    list.replace({ seq: 1, sessions: [], is_late: false });
    expect(list.apply(event(2, "created", "new", makeSession("new")))).toBe(true);
    expect(list.sessions.map((session) => session.id)).toEqual(["new"]);
  });
});

describe("words", () => {
  test.each([
    [0, null, "exited with status 0"],
    [null, 9, "ended by signal 9 (KILL)"],
    [null, 60, "ended by signal 60"],
    [null, null, "ended; its exit status was lost"],
  ])("exit %o %o", (code, signal, words) => {
    expect(describeExit(code, signal)).toBe(words);
  });

  test("the wait for the next attempt is counted down", () => {
    const status = { kind: "reconnecting", retryAtMs: 5000, attempt: 3 } as const;
    expect(describeStatus(status, 1500).short).toBe("Reconnecting in 4 s");
    expect(describeStatus(status, 4900).short).toBe("Reconnecting in 1 s");
    expect(describeStatus({ ...status, retryAtMs: null }, 0).short).toBe("Reconnecting…");
  });

  test("a detachment is told in the daemon's words", () => {
    expect(describeDetached("no_such_session", "no session abc")).toBe("No session abc.");
    expect(describeDetached("detached", "")).toBe("Detached by somebody else.");
    expect(describeDetached("later_code", "")).toBe("Detached (later_code).");
  });
});

test("the heartbeat asks for a sign of life only where there is none", () => {
  const heartbeat = new Heartbeat();
  heartbeat.start(0);
  let now = 0;
  const tick = (): string => {
    now += TICK_MS;
    return heartbeat.tick(now);
  };
  expect(Array.from({ length: 5 }, tick)).toEqual(Array(5).fill("fine"));
  expect(tick()).toBe("ping");
  heartbeat.expectPong(now);
  expect(tick()).toBe("fine");
  heartbeat.hear(now);
  expect(tick()).toBe("fine");
});
