import { KINDS, type Kind } from "./kinds.ts";

/** A selector, read. */
export interface ParsedSelector {
  readonly kind: Kind;
  readonly value: string;
}

/** Longer ones say nothing that a process could show. */
const LONGEST = 4200;

/**
 * Reads `type:key:value`. The value may hold colons.
 * @returns undefined when no process could ever show it: an unknown kind, or a value of another form
 */
export function parseSelector(attackerText: string): ParsedSelector | undefined {
  if (attackerText.length > LONGEST) return undefined;
  const [, name = "", value = ""] = /^([a-z0-9]+:[a-z0-9_]+):(.+)$/s.exec(attackerText) ?? [];
  const kind = KINDS.get(name);
  return kind?.grammar.test(value) === true ? { kind, value } : undefined;
}
