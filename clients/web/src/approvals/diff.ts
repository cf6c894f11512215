/** A unified diff, line by line, for the eye. */

export type DiffLineKind = "added" | "removed" | "place" | "same";

export interface DiffLine {
  readonly kind: DiffLineKind;
  readonly text: string;
}

/** Without the two lines that name the file: the card says which one it is. */
export function readDiff(diff: string): DiffLine[] {
  const lines = diff.split("\n");
  const isHead = lines[0]?.startsWith("--- ") && lines[1]?.startsWith("+++ ");
  return lines.slice(isHead ? 2 : 0).map((text) => ({ kind: readKind(text), text }));
}

function readKind(line: string): DiffLineKind {
  if (line.startsWith("@@")) return "place";
  if (line.startsWith("+")) return "added";
  return line.startsWith("-") ? "removed" : "same";
}
