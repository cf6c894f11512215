import { describe, expect, test } from "vitest";
import type { Event } from "../src/protocol/messages.gen";
import { describeUse, formatDuration, formatSize, listUse, readWarning } from "../src/ui/limit_words";
import { describeEnd, describeSessionState } from "../src/ui/words";
import { makeSession, NO_LIMITS } from "./session_info";

const MIB = 1024 * 1024;
const usage = { memory_bytes: 312 * MIB, cpus: 0.257, processes: 7, open_files: 40, at: 1 };

test.each([
  [0, "0 B"],
  [1536, "1.5 KiB"],
  [312 * MIB, "312 MiB"],
  [8192 * MIB, "8 GiB"],
])("%d bytes are %s", (bytes, words) => {
  expect(formatSize(bytes)).toBe(words);
});

test.each([
  [0, "0 s"],
  [0.5, "0.5 s"],
  [90, "1 min 30 s"],
  [28_800, "8 h"],
  [90_061, "1 d 1 h"],
])("%d seconds are %s", (seconds, words) => {
  expect(formatDuration(seconds)).toBe(words);
});

describe("what a session uses", () => {
  const limits = {
    ...NO_LIMITS,
    memory_bytes: 8192 * MIB,
    lifetime_seconds: 7200,
    output_bytes_per_second: MIB,
  };

  test("is shown with what it may", () => {
    const session = makeSession("a", { usage, limits, log_head: MIB });
    expect(describeUse(session)).toBe("312 MiB of 8 GiB, 0.26 CPUs, 7 processes");
    expect(listUse(session)).toEqual([
      "memory: 312 MiB of 8 GiB",
      "CPUs: 0.26",
      "processes: 7",
      "open files: 40",
      "lifetime: 2 h",
      "log: 1 MiB of 8 MiB",
      "output: 1 MiB/s",
    ]);
  });

  test("is not made up", () => {
    expect(describeUse(makeSession("a", { limits }))).toBe("");
    expect(listUse(makeSession("a", { limits }))).toContain("memory: 8 GiB");
  });

  test("is nothing when it has ended", () => {
    const ended = makeSession("a", { usage, limits, state: "exited" });
    expect([describeUse(ended), listUse(ended)]).toEqual(["", []]);
  });
});

test("what ended a session is said in place of its status", () => {
  const reason = "it had run for 2h, which is its limit (lifetime_seconds)";
  expect(describeSessionState(makeSession("a", { end_reason: reason }))).toBe("ending");
  const ended = makeSession("a", { end_reason: reason, state: "exited", exit_signal: 1 });
  expect(describeSessionState(ended)).toBe(`ended: ${reason}`);
  expect(describeEnd({ type: "exited", code: null, signal: 1, reason })).toBe(
    `The session was ended: ${reason}.`,
  );
  expect(describeEnd({ type: "exited", code: 3, signal: null, reason: "" })).toBe(
    "The program has exited with status 3.",
  );
});

test("a warning is read, and nothing else is taken for one", () => {
  const event = (kind: string, data: Record<string, unknown>): Event => ({
    type: "Event",
    seq: 1,
    kind,
    session: "a",
    data,
    at: 0,
  });
  expect(readWarning(event("limit_warning", { limit: "cpus", message: "near" }))).toBe("near");
  expect(readWarning(event("limit_warning", { message: 3 }))).toBeNull();
  expect(readWarning(event("updated", { message: "near" }))).toBeNull();
});
