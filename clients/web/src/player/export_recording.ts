/** A session's recording, asked for piece by piece. */

import type { Connection } from "../net/connection";

export interface ExportedRecording {
  readonly bytes: Uint8Array;
  /** Bytes of output that the daemon no longer had. */
  readonly missing: number;
}

export async function exportRecording(
  connection: Pick<Connection, "request">,
  session: string,
): Promise<ExportedRecording> {
  const pieces: Uint8Array[] = [];
  let missing = 0;
  let resume: string | null = "";
  while (resume !== null) {
    const piece: { data: Uint8Array; resume: string | null; start: number; skipped: number } =
      await connection.request("export", { session, resume });
    if (pieces.length === 0) missing = piece.start;
    missing += piece.skipped;
    // A copy: the bytes may be a view of a message that is larger.
    pieces.push(piece.data.slice());
    resume = piece.resume;
  }
  return { bytes: join(pieces), missing };
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
