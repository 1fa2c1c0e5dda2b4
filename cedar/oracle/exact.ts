const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * The same JSON with every bigint as a number of as many digits, which `JSON.stringify` then writes exactly.
 * cedar-wasm stringifies what it is given, so this is how 64-bit integers reach it.
 */
export function exact(json: unknown): unknown {
  if (typeof json === "bigint") return rawJSON(String(json));
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(exact);
  return Object.fromEntries(Object.entries(json).map(([name, member]) => [name, exact(member)]));
}

/** JSON text in which every integer is exact. */
export const exactText = (json: unknown): string => JSON.stringify(exact(json));
