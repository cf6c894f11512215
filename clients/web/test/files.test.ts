import { describe, expect, test } from "vitest";
import { type UploadSource, uploadFile, wordsOf } from "../src/files/upload";
import { RequestFailure } from "../src/protocol/errors";
import {
  ErrorCode,
  type FilePutParams,
  type FilePutResult,
  MAX_FILE_PIECE_BYTES,
} from "../src/protocol/messages.gen";

const SIZE = 2 * MAX_FILE_PIECE_BYTES + 5;

function makeFile(size = SIZE): UploadSource {
  const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251);
  return {
    name: "a.png",
    size,
    slice: (start, end) => ({ arrayBuffer: async () => bytes.slice(start, end).buffer }),
  };
}

/** A daemon that keeps what it is sent, and answers as the test wants it. */
class FakeConnection {
  isReady = true;
  readonly asked: FilePutParams[] = [];
  stored = new Uint8Array();
  readonly #answer: (params: FilePutParams, number: number) => FilePutResult | null;
  #waiting: (() => void)[] = [];

  constructor(answer: (params: FilePutParams, number: number) => FilePutResult | null = () => null) {
    this.#answer = answer;
  }

  onceReady(): Promise<void> {
    return this.isReady ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  comeBack(): void {
    this.isReady = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  lose(): never {
    this.isReady = false;
    throw new RequestFailure(ErrorCode.UNAVAILABLE, "lost");
  }

  // biome-ignore lint/suspicious/noExplicitAny: one method of many
  request = async (_method: any, given: any): Promise<any> => {
    const params: FilePutParams = given;
    this.asked.push(params);
    const answer = this.#answer(params, this.asked.length);
    if (answer !== null) return answer;
    const { offset = 0, data } = params;
    if (offset <= this.stored.length) {
      const stored = new Uint8Array(Math.max(this.stored.length, offset + data.length));
      stored.set(this.stored);
      stored.set(data, offset);
      this.stored = stored;
    }
    const received = this.stored.length;
    return { received, path: received === params.size ? "/run/a.png" : "" };
  };
}

function upload(connection: FakeConnection, file = makeFile(), signal = new AbortController().signal) {
  const progress: number[] = [];
  const done = uploadFile({ connection, session: "s", file, signal, onProgress: (n) => progress.push(n) });
  return { done, progress };
}

describe("an upload", () => {
  test("goes piece by piece", async () => {
    const connection = new FakeConnection();
    const { done, progress } = upload(connection);
    expect(await done).toBe("/run/a.png");
    expect(progress).toEqual([MAX_FILE_PIECE_BYTES, 2 * MAX_FILE_PIECE_BYTES, SIZE]);
    // Element by element it would take seconds.
    expect(
      Buffer.compare(connection.stored, Buffer.from(await makeFile().slice(0, SIZE).arrayBuffer())),
    ).toBe(0);
    expect(new Set(connection.asked.map((params) => params.upload)).size).toBe(1);
    expect(connection.asked[0]?.upload).toMatch(/^[0-9a-f]{32}$/);
  });

  test("of an empty file is one piece", async () => {
    expect(await upload(new FakeConnection(), makeFile(0)).done).toBe("/run/a.png");
  });

  test("sends a piece again on the next connection", async () => {
    const connection = new FakeConnection((_, number) => (number === 2 ? connection.lose() : null));
    const { done } = upload(connection);
    await expect.poll(() => connection.asked.length).toBe(2);
    connection.comeBack();
    expect(await done).toBe("/run/a.png");
    expect(connection.asked.map((params) => params.offset)).toEqual([
      0,
      MAX_FILE_PIECE_BYTES,
      MAX_FILE_PIECE_BYTES,
      2 * MAX_FILE_PIECE_BYTES,
    ]);
  });

  test("begins anew where the daemon has forgotten it, but not for ever", async () => {
    let forgets = 1;
    const connection = new FakeConnection((params) => {
      if (params.offset === 0 || forgets === 0) return null;
      forgets -= 1;
      connection.stored = new Uint8Array();
      return { received: 0, path: "" };
    });
    expect(await upload(connection).done).toBe("/run/a.png");
    forgets = Number.POSITIVE_INFINITY;
    connection.stored = new Uint8Array();
    await expect(upload(connection).done).rejects.toThrow("forgets");
  });

  test("ends with a refusal", async () => {
    const connection = new FakeConnection(() => {
      throw new RequestFailure(ErrorCode.NO_RESOURCES, "too large");
    });
    await expect(upload(connection).done).rejects.toThrow("too large");
    expect(connection.asked.length).toBe(1);
  });

  test("can be stopped while it waits for a connection", async () => {
    const connection = new FakeConnection();
    connection.isReady = false;
    const stop = new AbortController();
    const { done } = upload(connection, makeFile(), stop.signal);
    stop.abort();
    await expect(done).rejects.toThrow(/abort/i);
    expect(connection.asked).toEqual([]);
  });
});

describe("paths as words", () => {
  test.each([
    [["/run/a.png"], "/run/a.png "],
    [["/my dir/a.png", "/b"], "/my\\ dir/a.png /b "],
    [["/$(x)'/grüße 世界"], "/\\$\\(x\\)\\'/grüße\\ 世界 "],
  ])("%j", (paths, words) => {
    expect(wordsOf(paths)).toBe(words);
  });
});
