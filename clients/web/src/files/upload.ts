/** One file on its way into a session, piece by piece, over connections that break. */

import type { Connection } from "../net/connection";
import { RequestFailure } from "../protocol/errors";
import { ErrorCode, type FilePutResult, MAX_FILE_PIECE_BYTES } from "../protocol/messages.gen";

const UPLOAD_ID_BYTES = 16;

/** An upload begins anew where the daemon has forgotten it, which it does after minutes; but not for ever. */
const MAX_BEGINNINGS = 5;

export interface UploadSource {
  readonly name: string;
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

export interface UploadOptions {
  readonly connection: Pick<Connection, "request" | "onceReady" | "isReady">;
  readonly session: string;
  readonly file: UploadSource;
  readonly signal: AbortSignal;
  /** So many bytes are there. */
  onProgress(received: number): void;
}

/**
 * Stores the file; gives its path on the daemon's machine.
 *
 * @throws RequestFailure the daemon refuses; DOMException (AbortError) the user has changed their mind; DOMException
 *   (NotReadableError) the file has changed or gone.
 */
export async function uploadFile(options: UploadOptions): Promise<string> {
  const { file, signal } = options;
  const upload = makeUploadId();
  let offset = 0;
  let beginnings = 0;
  for (;;) {
    if (offset === 0) beginnings += 1;
    if (beginnings > MAX_BEGINNINGS) {
      throw new RequestFailure(ErrorCode.UNAVAILABLE, `The daemon forgets what it was sent of ${file.name}.`);
    }
    const data = new Uint8Array(await file.slice(offset, offset + MAX_FILE_PIECE_BYTES).arrayBuffer());
    signal.throwIfAborted();
    const { received, path } = await putPiece(options, upload, offset, data);
    options.onProgress(received);
    if (path !== "") return path;
    offset = received;
  }
}

/** A piece may be sent again: where the connection breaks it waits for the next one. */
async function putPiece(
  { connection, session, file, signal }: UploadOptions,
  upload: string,
  offset: number,
  data: Uint8Array,
): Promise<FilePutResult> {
  const { name, size } = file;
  for (;;) {
    await orAborted(connection.onceReady(), signal);
    try {
      return await orAborted(
        connection.request("file_put", { session, upload, name, size, offset, data }),
        signal,
      );
    } catch (error) {
      const isLost = error instanceof RequestFailure && error.code === ErrorCode.UNAVAILABLE;
      if (!isLost || connection.isReady) throw error;
    }
  }
}

function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function makeUploadId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(UPLOAD_ID_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Paths as they are pasted: words of a shell, which Claude Code takes too, and a space so that one can type on. */
export function wordsOf(paths: readonly string[]): string {
  return paths.map((path) => `${path.replace(/[^\p{L}\p{N}\p{M}/._\-+@=,:%]/gu, "\\$&")} `).join("");
}
