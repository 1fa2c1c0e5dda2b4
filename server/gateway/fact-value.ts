import type { Json } from "@countersign/proof/jcs";
import type { FactType } from "../catalog/index.ts";

const LONGEST_TEXT = 1_000;
const LONGEST_LIST = 100;

const isText = (value: Json | undefined): boolean =>
  typeof value === "string" && value.length <= LONGEST_TEXT;

const IS: Record<FactType, (value: Json | undefined) => boolean> = {
  string: isText,
  integer: Number.isSafeInteger,
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  "string[]": (value) => Array.isArray(value) && value.length <= LONGEST_LIST && value.every(isText),
};

/** The value where it is what was declared, and of a size that decisions can bear. Nothing otherwise. */
export const factValue = (value: Json | undefined, type: FactType): Json | undefined =>
  IS[type](value) ? value : undefined;
