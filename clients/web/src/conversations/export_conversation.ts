/** A conversation as a file, asked for piece by piece. */

import type { Connection } from "../net/connection";
import type { ConversationExportResult, ConversationInfo } from "../protocol/messages.gen";
import { h } from "../ui/dom";

export async function exportConversation(
  connection: Pick<Connection, "request">,
  conversation: string,
): Promise<Blob> {
  const pieces: BlobPart[] = [];
  let resume: string | null = "";
  while (resume !== null) {
    const piece: ConversationExportResult = await connection.request("conversation_export", {
      conversation,
      format: "html",
      resume,
    });
    // A copy: the bytes may be a view of a message that is larger.
    pieces.push(piece.data.slice() as Uint8Array<ArrayBuffer>);
    resume = piece.resume;
  }
  return new Blob(pieces, { type: "text/html" });
}

/** What the title allows, without what file systems or people stumble over. */
export function fileNameOf(conversation: Pick<ConversationInfo, "id" | "title">): string {
  const stem = conversation.title
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
  return `${stem || conversation.id}.html`;
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  h("a", { attrs: { href: url, download: name } }).click();
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
