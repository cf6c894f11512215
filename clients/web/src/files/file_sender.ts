/** Sends what the user brings into the open session, and pastes the paths when all of it is there. */

import type { Connection } from "../net/connection";
import type { SessionInfo } from "../protocol/messages.gen";
import type { TransferRow, Transfers } from "../ui/transfers";
import { describeError } from "../ui/words";
import { uploadFile, wordsOf } from "./upload";

export interface FileSenderOptions {
  readonly connection: Connection;
  readonly transfers: Transfers;
  /** The open session where its files are welcome, and a word to say where they are not. */
  findTarget(): SessionInfo | string;
  /** Pastes into the session's terminal on this page; false: it is not open here any more. */
  pasteHere(session: string, text: string): boolean;
  say(text: string): void;
}

interface Sending {
  readonly file: File;
  readonly row: TransferRow;
  readonly stop: AbortController;
  received: number;
}

export class FileSender {
  readonly #options: FileSenderOptions;
  readonly #sendings = new Set<Sending>();

  constructor(options: FileSenderOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return typeof this.#options.findTarget() !== "string";
  }

  /** One after the other, so that their paths come in this order. */
  async send(files: readonly File[]): Promise<void> {
    const target = this.#options.findTarget();
    if (typeof target === "string") {
      this.#options.say(target);
      return;
    }
    const waiting = files.map((file) => this.#begin(file));
    const paths: string[] = [];
    for (const sending of waiting) {
      const path = await this.#sendOne(target.id, sending);
      if (path !== null) paths.push(path);
    }
    if (paths.length > 0) await this.#paste(target, paths);
  }

  /** The connection is there, or has gone. */
  showConnection(): void {
    const { isReady } = this.#options.connection;
    for (const { row, received } of this.#sendings) row.show(received, isReady);
  }

  #begin(file: File): Sending {
    const stop = new AbortController();
    const row = this.#options.transfers.add(file.name, file.size, () => stop.abort());
    const sending = { file, row, stop, received: 0 };
    this.#sendings.add(sending);
    row.show(0, this.#options.connection.isReady);
    return sending;
  }

  async #sendOne(session: string, sending: Sending): Promise<string | null> {
    const { file, row, stop } = sending;
    const { connection } = this.#options;
    const onProgress = (received: number): void => {
      sending.received = received;
      row.show(received, true);
    };
    try {
      const path = await uploadFile({ connection, session, file, signal: stop.signal, onProgress });
      row.remove();
      return path;
    } catch (error) {
      if (!stop.signal.aborted) row.fail(explain(error));
      return null;
    } finally {
      this.#sendings.delete(sending);
    }
  }

  async #paste(session: SessionInfo, paths: readonly string[]): Promise<void> {
    const text = wordsOf(paths);
    // By the terminal's own channel what is pasted arrives once, over broken connections too.
    if (this.#options.pasteHere(session.id, text)) return;
    try {
      await this.#options.connection.request("paste", { session: session.id, text });
    } catch (error) {
      this.#options.say(
        `${paths.join(" ")}: stored in ${session.name}, not pasted (${describeError(error)})`,
      );
    }
  }
}

function explain(error: unknown): string {
  if (error instanceof DOMException && error.name === "NotReadableError") return "it changed, or is gone";
  return describeError(error);
}
