/** Values against the generated descriptions of types. */

import { type Field, type FieldType, structFields } from "./messages.gen";

type Check<Kind extends FieldType["kind"]> = (
  value: unknown,
  type: Extract<FieldType, { kind: Kind }>,
) => boolean;

function isWithin(size: number, bounds: { readonly min?: number; readonly max?: number }): boolean {
  return size >= (bounds.min ?? Number.NEGATIVE_INFINITY) && size <= (bounds.max ?? Number.POSITIVE_INFINITY);
}

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

const checks: { readonly [Kind in FieldType["kind"]]: Check<Kind> } = {
  int: (value, type) => Number.isInteger(value) && isWithin(value as number, type),
  float: (value, type) => typeof value === "number" && isWithin(value, type),
  str: (value, type) =>
    typeof value === "string" &&
    isWithin(countCodePoints(value), type) &&
    (type.pattern === undefined || new RegExp(type.pattern, "u").test(value)),
  bytes: (value, type) => value instanceof Uint8Array && isWithin(value.length, type),
  bool: (value) => typeof value === "boolean",
  null: (value) => value === null,
  any: () => true,
  literal: (value, type) => type.values.includes(value as string | number),
  list: (value, type) =>
    Array.isArray(value) && isWithin(value.length, type) && value.every((item) => fitsType(item, type.item)),
  map: (value, type) => isMap(value) && Object.values(value).every((item) => fitsType(item, type.value)),
  union: (value, type) => type.of.some((one) => fitsType(value, one)),
  struct: (value, type) => isMap(value) && structFields[type.name].every((field) => fitsField(value, field)),
};

/** Whether a decoded value is of the type, bounds included. */
export function fitsType(value: unknown, type: FieldType): boolean {
  return (checks[type.kind] as Check<FieldType["kind"]>)(value, type);
}

function fitsField(map: Record<string, unknown>, field: Field): boolean {
  const value = map[field.name];
  if (value === undefined) return field.default !== undefined;
  return fitsType(value, field.type);
}

/** The value with the defaults of its structure filled in; it has been checked with fitsType. */
export function withDefaults(value: unknown, type: FieldType): unknown {
  if (type.kind === "list") return (value as unknown[]).map((item) => withDefaults(item, type.item));
  if (type.kind === "union") {
    const fitting = type.of.find((one) => fitsType(value, one));
    return fitting === undefined ? value : withDefaults(value, fitting);
  }
  if (type.kind !== "struct") return value;
  const map = value as Record<string, unknown>;
  const filled: Record<string, unknown> = {};
  for (const field of structFields[type.name]) {
    const value = map[field.name] === undefined ? structuredClone(field.default) : map[field.name];
    filled[field.name] = withDefaults(value, field.type);
  }
  return filled;
}
