import type { ValueJson } from "../policy-json.ts";

/** Each is the JSON without one of its members or elements, the outermost first. */
export function* smallerJson(json: ValueJson): Generator<ValueJson> {
  if (typeof json !== "object") return;
  if (isList(json)) {
    for (const position of json.keys()) yield json.toSpliced(position, 1);
    for (const [position, element] of json.entries()) {
      for (const smaller of smallerJson(element)) yield json.with(position, smaller);
    }
    return;
  }
  const members = Object.entries(json);
  for (const position of members.keys()) yield Object.fromEntries(members.toSpliced(position, 1));
  for (const [position, [name, member]] of members.entries()) {
    for (const smaller of smallerJson(member))
      yield Object.fromEntries(members.with(position, [name, smaller]));
  }
}

const isList = (json: ValueJson): json is readonly ValueJson[] => Array.isArray(json);
