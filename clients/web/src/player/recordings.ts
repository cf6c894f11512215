/** Shows recordings: what a session's log still has, or a file of the user's. */

import type { Connection } from "../net/connection";
import type { SessionInfo } from "../protocol/messages.gen";
import type { Scheme } from "../terminal/colours";
import { exportRecording } from "./export_recording";
import { pickFile } from "./pick_file";
import { showPlayer } from "./player_dialog";

export interface RecordingsOptions {
  readonly connection: Connection;
  readScheme(): Scheme;
  onClosed(): void;
}

export class Recordings {
  readonly #options: RecordingsOptions;

  constructor(options: RecordingsOptions) {
    this.#options = options;
  }

  async showSession(session: SessionInfo): Promise<void> {
    const { bytes, missing } = await exportRecording(this.#options.connection, session.id);
    const note = missing === 0 ? "" : "The beginning is no longer kept.";
    this.#play(session.name, bytes, `${session.name}.cast`, note);
  }

  async openFile(): Promise<void> {
    const file = await pickFile(".cast,.json,.txt");
    if (file !== null) this.#play(file.name, new Uint8Array(await file.arrayBuffer()), file.name, "");
  }

  #play(title: string, bytes: Uint8Array, fileName: string, note: string): void {
    const { readScheme, onClosed } = this.#options;
    showPlayer({ title, bytes, fileName, note, scheme: readScheme(), onClosed });
  }
}
