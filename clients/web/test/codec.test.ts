import { decode as unpack } from "@msgpack/msgpack";
import { describe, expect, test } from "vitest";
import { decodeClientMessage, decodeDaemonMessage, decodeResult, encodeMessage } from "../src/protocol/codec";
import { ProtocolError } from "../src/protocol/errors";
import {
  type ClientMessage,
  decodeFields,
  encodeFields,
  type MethodName,
  methodTypes,
} from "../src/protocol/messages.gen";
import { fitsType, withDefaults } from "../src/protocol/validate";
import {
  type BySender,
  bytesFromHex,
  type InvalidVector,
  type LargeVector,
  type ParamsVectors,
  type ResultsVectors,
  readMessageVectors,
  readVectors,
} from "./vectors";

const messageVectors = readMessageVectors();
const decoders = { client: decodeClientMessage, daemon: decodeDaemonMessage };

function catchCloseCode(decode: () => unknown): number | null {
  try {
    decode();
    return null;
  } catch (error) {
    if (error instanceof ProtocolError) return error.closeCode;
    throw error;
  }
}

test("there are vectors for every message", () => {
  const named = messageVectors.map((vectors) => vectors.message).sort();
  expect(named).toEqual([...Object.keys(encodeFields), ...Object.keys(decodeFields)].sort());
});

describe.each(messageVectors)("$message", ({ message: type, code, from, valid, invalid }) => {
  test.each(valid)("valid: $name", ({ hex, message }) => {
    expect(decoders[from](bytesFromHex(hex))).toEqual(message);
  });

  test.each(valid)("by @msgpack/msgpack alone: $name", ({ hex, message }) => {
    const fields = (from === "client" ? encodeFields : decodeFields) as typeof decodeFields;
    const items = unpack(bytesFromHex(hex)) as unknown[];
    expect(items[0]).toBe(code);
    fields[type as keyof typeof fields].fields.forEach((field, index) => {
      if (index + 1 < items.length) expect(items[index + 1]).toEqual(message[field.name]);
    });
  });

  // What a client sends, only a daemon decodes; some of it JavaScript cannot tell from valid messages.
  if (from === "daemon") {
    test.each(invalid)("invalid: $name", ({ hex, close_code }) => {
      expect(catchCloseCode(() => decodeDaemonMessage(bytesFromHex(hex)))).toBe(close_code);
    });
  } else {
    test.each(valid)("round trip: $name", ({ message }) => {
      const bytes = encodeMessage(message as unknown as ClientMessage);
      expect(decodeClientMessage(bytes)).toEqual(message);
      expect((unpack(bytes) as unknown[])[0]).toBe(code);
    });
  }
});

test.each(readVectors<BySender<InvalidVector>>("malformed.json").daemon)("malformed: $name", (vector) => {
  expect(catchCloseCode(() => decodeDaemonMessage(bytesFromHex(vector.hex)))).toBe(vector.close_code);
});

test.each(readVectors<BySender<InvalidVector>>("unknown.json").daemon)("ignored: $name", (vector) => {
  expect(decodeDaemonMessage(bytesFromHex(vector.hex))).toBeNull();
});

test.each(readVectors<BySender<LargeVector>>("large.json").daemon)("large: $name", (vector) => {
  const bytes = bytesFromHex(vector.prefix + vector.repeat.repeat(vector.count));
  expect(catchCloseCode(() => decodeDaemonMessage(bytes))).toBe(vector.close_code);
});

describe("requests", () => {
  const vectors = {
    ...readVectors<ParamsVectors>("method_params.json"),
    ...readVectors<ResultsVectors>("method_results.json"),
  };

  test.each(vectors.params)("parameters of $method: $sent", ({ method, sent, means }) => {
    const type = methodTypes[method as MethodName].params;
    expect(fitsType(sent, type)).toBe(true);
    expect(withDefaults(sent, type)).toEqual(means);
  });

  test.each(vectors.bad_params)("bad parameters of $method: $why", ({ method, sent }) => {
    const type = methodTypes[method as MethodName]?.params;
    expect(type !== undefined && fitsType(sent, type)).toBe(false);
  });

  test.each(vectors.results)("result of $method: $sent", ({ method, sent, means }) => {
    expect(decodeResult(method as MethodName, sent)).toEqual(means);
  });

  test.each(vectors.bad_results)("bad result of $method: $why", ({ method, sent }) => {
    expect(() => decodeResult(method as MethodName, sent)).toThrow(ProtocolError);
  });
});

describe("what this client may not send", () => {
  const channel = 1;
  test.each<[string, ClientMessage, number]>([
    ["a number out of its bounds", { type: "Resize", channel, cols: 1, rows: 24 }, 1008],
    ["a field that is missing", { type: "Ping" } as unknown as ClientMessage, 1008],
    ["too long a request", { type: "Request", id: 1, method: "x", params: { a: "x".repeat(2 ** 20) } }, 1009],
  ])("%s", (_, message, closeCode) => {
    expect(catchCloseCode(() => encodeMessage(message))).toBe(closeCode);
  });
});
