/**
 * The names that worlds are made of: few, so that what one part of a world names another part has; and hostile,
 * because each of them has broken some program: members of JavaScript's prototypes, names that Cedar's JSON
 * gives a meaning, the empty string, NUL, quotes, astral characters, two spellings of one letter.
 */

export const GROUP = "Group";

/** Entity types. Cedar allows ASCII identifiers, with namespaces. */
export const ENTITY_TYPES = ["User", GROUP, "App::Doc", "__proto__", "App::constructor"] as const;

/** An enumerated entity type, and its entities. */
export const COLOUR = "Colour";
export const COLOURS = ["red", "green", "__proto__", ""] as const;

/** A type that no schema declares and of which no entity is stored. */
export const STRANGER = "App::Stranger";

export const ENTITY_IDS = [
  "a",
  "b",
  "c",
  "",
  "__proto__",
  "toString",
  "\0",
  'a"\\\n',
  "😀",
  "\u00e9",
  "e\u0301",
] as const;

export const ATTRIBUTES = [
  "a",
  "b",
  "n",
  "s",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "type",
  "id",
  "",
  "a b",
  "\0",
  "😀",
  "\u00e9",
  "if",
] as const;

/** Attribute names that Cedar's JSON gives a meaning: usable in expressions, not in data. */
export const RESERVED_ATTRIBUTES = ["__entity", "__extn", "__expr", "fn", "arg"] as const;

export const TAGS = ["a", "k", "__proto__", "constructor", "", "😀"] as const;

export const ACTION_IDS = ["view", "edit", "__proto__", "", "\0😀", "toString"] as const;
export const ACTION_GROUPS = ["all", "constructor"] as const;

export const POLICY_IDS = [
  "p",
  "10",
  "9",
  "__proto__",
  "constructor",
  "",
  "😀",
  "\0",
  "a b",
  "Z",
  "\u00e9",
] as const;

/** What strings are made of: few characters, so that patterns match. */
export const CHARACTERS = [
  "a",
  "b",
  "b",
  "*",
  "\\",
  '"',
  "\0",
  "\n",
  "\u00e9",
  "e",
  "\u0301",
  "😀",
  "\u{1f601}",
  "\uffff",
];
