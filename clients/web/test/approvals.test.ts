import { describe, expect, test } from "vitest";
import { readDiff } from "../src/approvals/diff";
import { Inbox } from "../src/approvals/inbox";
import { describeAge, describeOutcome, listInput, readQuestions } from "../src/approvals/words";
import type { AnswerApprovalParams, Approval, Event } from "../src/protocol/messages.gen";

function makeApproval(changes: Partial<Approval> = {}): Approval {
  return {
    id: "0a1b2c3d4e",
    session: "1a2b3c4d",
    name: "build",
    kind: "permission",
    tool: "Bash",
    asked_at: 1000,
    state: "waiting",
    input: { command: "make", timeout: 5 },
    is_cut: false,
    detail: "make",
    diff: "",
    cwd: "/src",
    suggestions: [],
    decision: null,
    answered_at: null,
    answered_by: "",
    answered_how: null,
    problem: "",
    ...changes,
  };
}

describe("a diff", () => {
  test("has its lines told apart, without the names of the file", () => {
    const diff = "--- /a\n+++ /a\n@@ -1,2 +1,2 @@\n same\n-old\n+new";
    expect(readDiff(diff).map((line) => line.kind)).toEqual(["place", "same", "removed", "added"]);
  });

  test("keeps a removed line that looks like a head", () => {
    expect(readDiff("--- x").map((line) => line.kind)).toEqual(["removed"]);
  });
});

describe("what is asked", () => {
  test("is the whole input", () => {
    expect(listInput(makeApproval())).toEqual([
      { name: "command", text: "make" },
      { name: "timeout", text: "5" },
    ]);
  });

  test("is the file where there is a diff", () => {
    const edit = makeApproval({ diff: "+x", input: { file_path: "/a", old_string: "y", new_string: "x" } });
    expect(listInput(edit)).toEqual([{ name: "file_path", text: "/a" }]);
    const below = makeApproval({ diff: "+x", input: { file_path: "/src/lib/a" } });
    expect(listInput(below)).toEqual([{ name: "file_path", text: "lib/a" }]);
  });

  test("may be questions", () => {
    const options = [{ label: "Red", description: "warm" }, "nonsense"];
    const input = { questions: [{ question: "Which?", multiSelect: true, options }, null] };
    expect(readQuestions(makeApproval({ kind: "question", input }))).toEqual([
      { text: "Which?", isMultiple: true, options: [{ label: "Red", description: "warm" }] },
    ]);
    expect(readQuestions(makeApproval({ kind: "question", input: { questions: 1 } }))).toEqual([]);
    expect(readQuestions(makeApproval({ input }))).toEqual([]);
  });

  test.each([
    [0, "0 s"],
    [59, "59 s"],
    [60, "1 min"],
    [7200, "2 h"],
    [200_000, "2 d"],
  ])("is %d s old", (seconds, words) => {
    expect(describeAge(1000, (1000 + seconds) * 1000)).toBe(words);
  });
});

describe("what became of it", () => {
  test.each([
    [{}, ""],
    [{ state: "answering", decision: "allow" }, "Allowed …"],
    [{ state: "answering", decision: "deny", problem: "not seen" }, "Denied, but not seen"],
    [{ state: "answered", decision: "deny", answered_by: "ada", answered_how: "client" }, "Denied by ada"],
    [{ state: "answered", decision: "allow", answered_how: "terminal" }, "Allowed in its terminal"],
    [{ state: "expired", problem: "it has ended" }, "Over: it has ended"],
  ] as [Partial<Approval>, string][])("%o", (changes, words) => {
    expect(describeOutcome(makeApproval(changes))).toBe(words);
  });
});

class ScriptedDaemon {
  readonly answers: AnswerApprovalParams[] = [];
  lists = 0;
  approvals: Approval[] = [];
  refusal: Error | null = null;
  #release: (() => void) | null = null;
  isHeld = false;

  async list(): Promise<Approval[]> {
    this.lists += 1;
    if (this.isHeld) await new Promise<void>((resolve) => (this.#release = resolve));
    return [...this.approvals];
  }

  async answer(params: AnswerApprovalParams): Promise<Approval> {
    this.answers.push(params);
    if (this.refusal !== null) throw this.refusal;
    this.approvals = this.approvals.filter((approval) => approval.id !== params.approval);
    return makeApproval({ state: "answered", decision: params.decision });
  }

  release(): void {
    this.isHeld = false;
    this.#release?.();
  }
}

const event = (kind: string): Event => ({ seq: 1, kind, session: "1a2b3c4d", data: {}, at: 0 }) as Event;

describe("the inbox", () => {
  test("is fetched when an event tells of it, and counts those that wait", async () => {
    const daemon = new ScriptedDaemon();
    daemon.approvals = [makeApproval(), makeApproval({ id: "b", state: "answering" })];
    let changes = 0;
    const inbox = new Inbox(daemon, () => (changes += 1));
    inbox.note(event("activity"));
    expect(daemon.lists).toBe(0);
    inbox.note(event("approval_asked"));
    await inbox.refresh();
    await Promise.resolve();
    expect(inbox.count).toBe(1);
    expect(changes).toBeGreaterThan(0);
  });

  test("asks once more, and not oftener, for what has changed meanwhile", async () => {
    const daemon = new ScriptedDaemon();
    const inbox = new Inbox(daemon, () => {});
    daemon.isHeld = true;
    const first = inbox.refresh();
    for (let i = 0; i < 5; i += 1) inbox.note(event("approval_answered"));
    daemon.release();
    await first;
    expect(daemon.lists).toBe(2);
  });

  test("passes an answer on, and a refusal back", async () => {
    const daemon = new ScriptedDaemon();
    daemon.approvals = [makeApproval()];
    const inbox = new Inbox(daemon, () => {});
    daemon.refusal = new Error("somebody was faster");
    await expect(inbox.answer({ decision: "allow", approval: "0a1b2c3d4e" })).rejects.toThrow("faster");
    daemon.refusal = null;
    const answered = await inbox.answer({ decision: "deny", approval: "0a1b2c3d4e", message: "no" });
    expect(answered.decision).toBe("deny");
    expect(daemon.answers).toHaveLength(2);
    await inbox.refresh();
    expect(inbox.approvals).toEqual([]);
  });
});
