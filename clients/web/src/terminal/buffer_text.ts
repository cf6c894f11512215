import type { IBuffer } from "@xterm/xterm";

/** Everything in the buffer as text: scrollback and screen, wrapped lines joined, empty lines at the end left out. */
export function readBufferText(buffer: IBuffer): string {
  const lines: string[] = [];
  for (let row = 0; row < buffer.length; row += 1) {
    const line = buffer.getLine(row);
    if (line === undefined) continue;
    const isContinued = buffer.getLine(row + 1)?.isWrapped === true;
    const text = line.translateToString(!isContinued);
    if (line.isWrapped && lines.length > 0) lines[lines.length - 1] += text;
    else lines.push(text);
  }
  return lines.join("\n").trimEnd();
}
