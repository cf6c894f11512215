/** What an approval asks, in words. */

import type { Approval } from "../protocol/messages.gen";

export interface Question {
  readonly text: string;
  readonly isMultiple: boolean;
  readonly options: readonly { readonly label: string; readonly description: string }[];
}

export interface InputLine {
  readonly name: string;
  readonly text: string;
}

/** `nowMs`: Unix time in milliseconds. */
export function describeAge(askedAt: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor(nowMs / 1000 - askedAt));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** What a person needs to read of the input before the diff or the question: all of it where there is neither. */
export function listInput(approval: Approval): InputLine[] {
  if (approval.kind === "question") return [];
  const entries = Object.entries(approval.input);
  const shown = approval.diff === "" ? entries : entries.filter(([name]) => name.endsWith("_path"));
  return shown.map(([name, value]) => ({
    name,
    text: typeof value === "string" ? shorten(value, approval.cwd) : JSON.stringify(value, null, 1),
  }));
}

/** A path below the program's directory, from there on. */
function shorten(text: string, cwd: string): string {
  return cwd !== "" && text.startsWith(`${cwd}/`) ? text.slice(cwd.length + 1) : text;
}

/** The questions of an input that no type describes: what is not as expected is left out. */
export function readQuestions(approval: Approval): Question[] {
  const questions = approval.input.questions;
  if (approval.kind !== "question" || !Array.isArray(questions)) return [];
  return questions.filter(isRecord).map((question) => ({
    text: String(question.question ?? ""),
    isMultiple: question.multiSelect === true,
    options: (Array.isArray(question.options) ? question.options : []).filter(isRecord).map((option) => ({
      label: String(option.label ?? ""),
      description: String(option.description ?? ""),
    })),
  }));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What has become of one that waits no more. */
export function describeOutcome(approval: Approval): string {
  const word =
    approval.decision === "allow" ? "Allowed" : approval.decision === "deny" ? "Denied" : "Answered";
  const by = approval.answered_how === "terminal" ? "in its terminal" : `by ${approval.answered_by}`;
  switch (approval.state) {
    case "waiting":
      return "";
    case "expired":
      return `Over: ${approval.problem}`;
    case "answering":
      return approval.problem === "" ? `${word} …` : `${word}, but ${approval.problem}`;
    case "answered":
      return `${word} ${by}${approval.problem === "" ? "" : ` (${approval.problem})`}`;
  }
}
