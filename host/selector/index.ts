/** What entries are written in, and what of it carries. Pure: nothing here asks the machine. */
export { KINDS, type Kind } from "./kinds.ts";
export { type ParsedSelector, parseSelector } from "./parse.ts";
export { isCovered, type Selector } from "./selector.ts";
export { type SuggestedEntry, suggestEntry } from "./suggest.ts";
export { type Weakness, weaknessOf } from "./weakness.ts";
