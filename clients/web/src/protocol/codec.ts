/** Messages to bytes and back, driven by the generated tables. Decoding validates. */

import { encode as pack, decode as unpack } from "@msgpack/msgpack";
import { ProtocolError } from "./errors";
import {
  type ClientMessage,
  CloseCode,
  type DaemonMessage,
  decodeFields,
  encodeFields,
  MAX_CLIENT_MESSAGE_BYTES,
  MAX_DAEMON_MESSAGE_BYTES,
  type MessageFields,
  type MethodName,
  type Methods,
  methodTypes,
} from "./messages.gen";
import { fitsType, withDefaults } from "./validate";

interface Row extends MessageFields {
  readonly type: string;
}

function indexByCode(table: Readonly<Record<string, MessageFields>>): ReadonlyMap<number, Row> {
  return new Map(Object.entries(table).map(([type, row]) => [row.code, { type, ...row }]));
}

const clientRows = indexByCode(encodeFields);
const daemonRows = indexByCode(decodeFields);

/**
 * The message as one binary WebSocket message.
 *
 * @throws ProtocolError a field is missing or out of its bounds: a fault of this client.
 */
export function encodeMessage(message: ClientMessage): Uint8Array<ArrayBuffer> {
  const { code, fields } = encodeFields[message.type];
  const given = message as unknown as Record<string, unknown>;
  const items: unknown[] = [code];
  for (const field of fields) {
    const value = given[field.name] === undefined ? field.default : given[field.name];
    if (value === undefined || !fitsType(value, field.type)) {
      throw new ProtocolError(`${message.type}.${field.name} is missing or out of its bounds`);
    }
    items.push(value);
  }
  const bytes = pack(items);
  if (bytes.length > MAX_CLIENT_MESSAGE_BYTES) {
    throw new ProtocolError(`${message.type} is too long to send`, CloseCode.TOO_BIG);
  }
  return bytes;
}

/**
 * A message from the daemon, or null where its code is unknown (a newer daemon's).
 *
 * @throws ProtocolError the bytes are not a well-formed message.
 */
export function decodeDaemonMessage(bytes: Uint8Array): DaemonMessage | null {
  if (bytes.length > MAX_DAEMON_MESSAGE_BYTES) {
    throw new ProtocolError("message over the limit", CloseCode.TOO_BIG);
  }
  return decodeMessage(daemonRows, bytes) as DaemonMessage | null;
}

/** A message from a client: what a daemon written in TypeScript, such as the one of the tests, decodes. */
export function decodeClientMessage(bytes: Uint8Array): ClientMessage | null {
  if (bytes.length > MAX_CLIENT_MESSAGE_BYTES) {
    throw new ProtocolError("message over the limit", CloseCode.TOO_BIG);
  }
  return decodeMessage(clientRows, bytes) as ClientMessage | null;
}

function decodeMessage(rows: ReadonlyMap<number, Row>, bytes: Uint8Array): unknown {
  const items = unpackArray(bytes);
  const code = items[0];
  if (!Number.isInteger(code) || (code as number) < 0) throw new ProtocolError("malformed message: no code");
  const row = rows.get(code as number);
  if (row === undefined) return null;
  const message: Record<string, unknown> = { type: row.type };
  row.fields.forEach((field, index) => {
    const value = index + 1 < items.length ? items[index + 1] : structuredClone(field.default);
    if (value === undefined || !fitsType(value, field.type)) {
      throw new ProtocolError(`malformed message: ${row.type}.${field.name}`);
    }
    message[field.name] = value;
  });
  return message;
}

function unpackArray(bytes: Uint8Array): unknown[] {
  let items: unknown;
  try {
    items = unpack(bytes, { mapKeyConverter: requireTextKey });
  } catch (error) {
    throw new ProtocolError(`not MessagePack: ${String(error)}`);
  }
  if (!Array.isArray(items)) throw new ProtocolError("malformed message: not an array");
  return items;
}

function requireTextKey(key: unknown): string {
  if (typeof key !== "string") throw new ProtocolError("malformed message: the key of a map is not text");
  return key;
}

/**
 * The typed result of a method from what a Reply carried, defaults filled in.
 *
 * @throws ProtocolError the daemon's result does not fit the method.
 */
export function decodeResult<M extends MethodName>(method: M, result: unknown): Methods[M]["result"] {
  const type = methodTypes[method].result;
  if (!fitsType(result, type)) throw new ProtocolError(`malformed result of ${method}`);
  return withDefaults(result, type) as Methods[M]["result"];
}
