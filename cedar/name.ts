const nameForm = /^[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)*$/;
const reserved = new Set(["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"]);

/** A memo of this pure question, bounded in number and length because callers choose the names. */
const known = new Map<string, string>();
const mostKnown = 1000;
const longestKnown = 100;

/**
 * The name of an entity type, when the text is one: identifiers joined by `::`, none of them reserved. Equal
 * names come back as one string, so that a store of many entities holds each name once.
 */
export function typeNameOf(text: string): string | undefined {
  const earlier = known.get(text);
  if (earlier !== undefined) return earlier;
  if (!isTypeName(text)) return undefined;
  if (known.size < mostKnown && text.length <= longestKnown) known.set(text, text);
  return text;
}

function isTypeName(text: string): boolean {
  return nameForm.test(text) && !text.split("::").some((part) => reserved.has(part));
}
