import { isRecord } from "./record.ts";
import { Uid } from "./uid.ts";
import { isExtension, type Value } from "./value.ts";

/**
 * A text that two values share exactly when Cedar's `==` holds between them. Every text inside carries its
 * length, so no content, however chosen, can imitate another value's text.
 */
export function identity(value: Value): string {
  if (typeof value === "string") return sized("s", value);
  if (typeof value === "boolean") return value ? "t" : "f";
  if (typeof value !== "object") return sized("i", String(value));
  if (value instanceof Uid) return sized("e", value.type) + sized("", value.id);
  if (isExtension(value)) return sized(value.typeName, value.toString());
  if (isRecord(value)) return sized("{", members(value).sort().join(""));
  return sized("[", [...value].map(identity).sort().join(""));
}

function members(record: Readonly<Record<string, Value>>): string[] {
  return Object.entries(record).map(([name, value]) => sized("m", name) + identity(value));
}

function sized(mark: string, text: string): string {
  return `${mark}${text.length}:${text}`;
}
