import { isUtf8 } from "node:buffer";
import { type Json, parseStrict } from "@countersign/proof/jcs";
import type { z } from "zod";
import { type Code, Fault } from "../lib/index.ts";
import type { Route } from "./route.ts";

/** The most a request body may hold, in bytes. */
export const BODY_LIMIT = 256 * 1024;

/** Content types by the encoding that a route declares. */
export const CONTENT_TYPES = {
  json: "application/json",
  form: "application/x-www-form-urlencoded",
  yaml: "application/yaml",
} as const;

/** @throws Fault `malformed` for bytes that are no UTF-8: what one reader replaces another may read otherwise */
export function decodeText(attackerBytes: Buffer): string {
  if (!isUtf8(attackerBytes))
    throw new Fault("malformed", "The body is not UTF-8.", { remedy: "Send text in UTF-8." });
  return attackerBytes.toString("utf8");
}

/**
 * Reads JSON as I-JSON (RFC 7493): no duplicate members, no integers that JavaScript would round. Nor any member
 * `__proto__`, which would be dropped on the way, so that something else is recorded than was sent.
 */
export function parseJsonBody(attackerText: string): Json {
  try {
    const body = parseStrict(attackerText);
    if (!namesPrototype(body)) return body;
  } catch {}
  throw new Fault("malformed", "The body is not JSON that can be read without doubt.", {
    remedy:
      "Send valid JSON in UTF-8, each member once, none __proto__, integers within ±(2^53 - 1), nested at most 64 deep.",
  });
}

const namesPrototype = (attackerValue: Json): boolean =>
  typeof attackerValue === "object" &&
  attackerValue !== null &&
  Object.entries(attackerValue).some(([name, value]) => name === "__proto__" || namesPrototype(value));

/**
 * Reads a form; a parameter may stand only once (RFC 6749 §3.2).
 * @param repeated what those are refused as that a specification lets stand several times, and we do not
 */
export function parseFormBody(
  attackerText: string,
  repeated: Readonly<Record<string, Code>> = {},
): Record<string, string> {
  requireDecodable(attackerText);
  const form: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(attackerText)) {
    if (name in form) {
      const code = Object.hasOwn(repeated, name) ? repeated[name] : undefined;
      throw new Fault(code ?? "malformed", `The parameter ${shownName(name)} is given twice.`, {
        remedy:
          code === undefined
            ? "Give each parameter once."
            : "Name one of them, and each other in a request of its own.",
      });
    }
    form[name] = value;
  }
  return { ...form };
}

/** What is no UTF-8 once it is decoded would become another character, and a stray percent sign stand for itself. */
function requireDecodable(attackerText: string): void {
  try {
    decodeURIComponent(attackerText);
  } catch {
    throw new Fault("malformed", "The form is not percent-encoded UTF-8.", {
      remedy: "Encode each name and value as UTF-8, each % as %25.",
    });
  }
}

/** Checks a part of the request against its schema and returns what the schema makes of it. */
export function checked(
  part: "path" | "query" | "body",
  schema: z.ZodType | undefined,
  attackerValue: unknown,
): unknown {
  if (schema === undefined) return refuseAnything(part, attackerValue);
  if (holdsNul(attackerValue)) {
    throw new Fault("malformed", `The ${part} holds the character NUL.`, { remedy: "Leave it out." });
  }
  const result = schema.safeParse(attackerValue);
  if (result.success) return result.data;
  throw new Fault("malformed", `The ${part} does not fit: ${problemsOf(result.error)}.`, {
    remedy: "Compare it with the API's description, /openapi.json.",
  });
}

/** PostgreSQL cannot store it in text, and no two readers agree on where a text with it ends. */
export function holdsNul(attackerValue: unknown): boolean {
  if (typeof attackerValue === "string") return attackerValue.includes("\0");
  if (typeof attackerValue !== "object" || attackerValue === null) return false;
  return Object.entries(attackerValue).some(([name, value]) => name.includes("\0") || holdsNul(value));
}

function refuseAnything(part: string, attackerValue: unknown): undefined {
  const empty =
    attackerValue === undefined || attackerValue === null || Object.keys(attackerValue).length === 0;
  if (empty) return undefined;
  throw new Fault("malformed", `This endpoint takes nothing in the ${part}.`, { remedy: "Leave it out." });
}

/** The first problems, by place; values are never repeated, they may be secrets. */
const problemsOf = (error: z.ZodError): string =>
  error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.map(shownName).join(".") || "it"}: ${wordsOf(issue)}`)
    .join("; ");

const wordsOf = (issue: z.core.$ZodIssue): string =>
  issue.code === "unrecognized_keys"
    ? `unknown here: ${issue.keys.slice(0, 3).map(shownName).join(", ")}`
    : printable(issue.message).replace(/\.$/, "");

/** A name of the caller's making is repeated where it looks like one: secrets, which may stand there, are longer. */
const shownName = (attackerName: PropertyKey): string =>
  /^[\w.-]{1,22}$/.test(String(attackerName)) ? String(attackerName) : "(a long or strange name)";

const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 120);

/** Whether the content type of a request is the one that the route reads. */
export function requireContentType(route: Route, attackerContentType: string | undefined): void {
  const wanted = CONTENT_TYPES[route.encoding ?? "json"];
  if (attackerContentType === wanted) return;
  const given = attackerContentType?.split(";")[0]?.trim().toLowerCase();
  if (given === wanted) return;
  throw new Fault("unsupported-media-type", `This endpoint reads ${wanted}.`, {
    remedy: `Send the body with content-type: ${wanted}.`,
  });
}
