import type { CedarValue } from "./engine.ts";

/** Longer texts and lists than these are shortened: whoever reads them wants to know what decided. */
const LONGEST_TEXT = 80;
const MOST_ITEMS = 10;
const DEEPEST = 3;

/** Characters that do not show, or that change how others show: controls, direction marks, lone surrogates. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * A value for people to read, as Cedar writes it: never longer than a few lines, and never able to pass for
 * something else than a value, whoever chose it.
 */
export function shown(value: CedarValue, depth = 0): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "object") return String(value);
  if (isList(value))
    return inBrackets(
      "[",
      value.map((item) => () => shown(item, depth + 1)),
      "]",
      depth,
    );
  if (isEntity(value)) return `${value.__entity.type}::${quoted(value.__entity.id)}`;
  if (isExtension(value)) return value.__extn.arg;
  const members = Object.entries(value).map(
    ([name, member]) =>
      () =>
        `${quoted(name)}: ${shown(member, depth + 1)}`,
  );
  return inBrackets("{", members, "}", depth);
}

type Extension = Extract<CedarValue, { readonly __extn: unknown }>;
type Reference = Extract<CedarValue, { readonly __entity: unknown }>;

const isList = (value: CedarValue): value is readonly CedarValue[] => Array.isArray(value);
const isEntity = (value: object): value is Reference => Object.hasOwn(value, "__entity");
const isExtension = (value: object): value is Extension => Object.hasOwn(value, "__extn");

function inBrackets(open: string, items: readonly (() => string)[], close: string, depth: number): string {
  if (items.length > 0 && depth >= DEEPEST) return `${open}…${close}`;
  const some = items.slice(0, MOST_ITEMS).map((item) => item());
  const more = items.length > MOST_ITEMS ? [`… ${items.length - MOST_ITEMS} more`] : [];
  return `${open}${[...some, ...more].join(", ")}${close}`;
}

/** In JSON's quotes, with everything written out that does not show. */
function quoted(text: string): string {
  const characters = [...text];
  const short = characters.slice(0, LONGEST_TEXT).join("");
  const more = characters.length > LONGEST_TEXT ? `… (${characters.length} characters)` : "";
  return `${JSON.stringify(short).replace(INVISIBLE, writtenOut)}${more}`;
}

const writtenOut = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`;
