import { z } from "zod";
import { isFactUrl, placeholdersOf } from "./fact-url.ts";

/** The word of a data label, such as `customer-data`; several tools share it, and policies name it. */
export const dataLabel = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "A data label has a-z, 0-9 and -, 63 characters at most.");

const argumentName = z.string().min(1).max(64);

/** Which argument carries money, and in which currency. */
export interface AmountDeclaration {
  /** Of type integer or number. */
  readonly argument: string;
  /** Three letters, such as `EUR`; or the argument that says it. */
  readonly currency: string | { readonly argument: string };
}

export const FACT_TYPES = ["string", "integer", "number", "boolean", "string[]"] as const;
export type FactType = (typeof FACT_TYPES)[number];

/** What is true of the thing that a call is about, and where the server asks for it itself. */
export interface FactDeclaration {
  /** As policies name it: `context.facts.<name>`. */
  readonly name: string;
  readonly type: FactType;
  /** An https URL with arguments in its path: `https://erp.example.com/invoices/{invoice}`. */
  readonly url: string;
  /** Where in the answer it stands (RFC 6901). */
  readonly pointer: string;
  /** The argument that must say the same. */
  readonly equals?: string | undefined;
  /** How long an answer stands; 30 where nothing is said, 0 for each call anew. */
  readonly cache_seconds?: number | undefined;
}

/** Currencies as people's limits name them (ISO 4217). */
export const currencyCode = z.string().regex(/^[A-Z]{3}$/, "A currency has three letters, such as EUR.");

export const amountDeclaration = z.strictObject({
  argument: argumentName,
  currency: z.union([currencyCode, z.strictObject({ argument: argumentName })], {
    error: "The currency has three letters, such as EUR, or is { argument: … }.",
  }),
});

const POINTER = /^(\/([^~/]|~[01])*)*$/;

export const factDeclaration = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,62}$/, "A fact's name starts with a letter and has a-z, 0-9 and _."),
  type: z.enum(FACT_TYPES, { error: `The type of a fact is one of ${FACT_TYPES.join(", ")}.` }),
  url: z
    .string()
    .max(1_000)
    .refine(
      isFactUrl,
      "A fact is asked for at an absolute https URL (http on localhost), with {arguments} in its path only.",
    ),
  pointer: z.string().max(200).regex(POINTER, "Point at a member of the answer as /total/amount (RFC 6901)."),
  equals: argumentName.optional(),
  cache_seconds: z.int().min(0).max(300).optional(),
});

/** The types of a tool's arguments, as far as what is declared beside them names some. */
type ArgumentTypes = Readonly<Record<string, { readonly type: string }>>;

interface Declared {
  readonly inputSchema: { readonly properties: ArgumentTypes };
  readonly amount?: AmountDeclaration | undefined;
  readonly facts?: readonly FactDeclaration[] | undefined;
}

/** What contradicts itself in a definition: each with where it stands. */
export function contradictionsIn({ inputSchema, amount, facts = [] }: Declared): Complaint[] {
  const typeOf = (name: string): string | undefined =>
    Object.hasOwn(inputSchema.properties, name) ? inputSchema.properties[name]?.type : undefined;
  return [
    ...(amount === undefined ? [] : inAmount(amount, typeOf)),
    ...facts.flatMap((fact, index) => inFact(fact, index, typeOf)),
    ...namedTwice(facts),
  ];
}

interface Complaint {
  readonly path: (string | number)[];
  readonly message: string;
}

type TypeOf = (argument: string) => string | undefined;

function inAmount({ argument, currency }: AmountDeclaration, typeOf: TypeOf): Complaint[] {
  const complaints: Complaint[] = [];
  if (!["integer", "number"].includes(typeOf(argument) ?? ""))
    complaints.push({ path: ["amount", "argument"], message: "Name a declared integer or number argument." });
  if (typeof currency === "object" && typeOf(currency.argument) !== "string")
    complaints.push({ path: ["amount", "currency"], message: "Name a declared string argument." });
  return complaints;
}

/** What stands in a path has one writing, so text and integers alone. */
function inFact({ url, type, equals }: FactDeclaration, index: number, typeOf: TypeOf): Complaint[] {
  const odd = placeholdersOf(url).filter((name) => !["string", "integer"].includes(typeOf(name) ?? ""));
  const complaints = odd.map((name) => ({
    path: ["facts", index, "url"],
    message: `{${name}} is no declared argument of type string or integer.`,
  }));
  if (equals !== undefined && !COMPARABLE[type].includes(typeOf(equals) ?? ""))
    complaints.push({ path: ["facts", index, "equals"], message: "Name a declared argument of its type." });
  return complaints;
}

const COMPARABLE: Record<FactType, readonly string[]> = {
  string: ["string"],
  integer: ["integer", "number"],
  number: ["integer", "number"],
  boolean: ["boolean"],
  "string[]": ["array"],
};

const namedTwice = (facts: readonly FactDeclaration[]): Complaint[] =>
  facts.flatMap(({ name }, index) =>
    facts.findIndex((other) => other.name === name) === index
      ? []
      : [{ path: ["facts", index, "name"], message: "Two facts have this name." }],
  );
