import { isIP } from "node:net";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, isJsonObject, type JsonObject, parseStrict } from "@countersign/proof/jcs";
import { Fault } from "../lib/index.ts";
import type { Form } from "./parameters.ts";

/** The call that a transaction is for, as the service that serves it says. */
export interface RequestDetails {
  readonly tool: string;
  /** base64url SHA-256 of the canonical arguments. */
  readonly argsHash: string;
}

/**
 * The call that is named: a tool, and its arguments or their hash.
 * @returns undefined where nothing is said
 * @throws Fault `invalid-request` for anything else
 */
export function requestDetailsOf(form: Form): RequestDetails | undefined {
  const details = jsonOf(form, "request_details");
  if (details === undefined) return undefined;
  const { tool, args, args_hash, ...foreign } = details;
  const argsHash = isJsonObject(args) ? sha256Base64url(canonicalize(args)) : args_hash;
  const one = (args === undefined) !== (args_hash === undefined);
  const fits = typeof argsHash === "string" && /^[A-Za-z0-9_-]{43}$/.test(argsHash);
  if (typeof tool === "string" && tool.length <= 200 && one && fits && Object.keys(foreign).length === 0)
    return { tool, argsHash };
  throw new Fault("invalid-request", "The request_details name no one call.", {
    remedy: "Send a JSON object with tool, and either args or args_hash.",
  });
}

/**
 * What the service says of the circumstances. It is a hint: what is not known here is passed over, and what we
 * know ourselves we do not ask for.
 * @throws Fault `invalid-request` for what is no JSON object
 */
export function requestContextOf(form: Form): { req_ip?: string } {
  const { req_ip } = jsonOf(form, "request_context") ?? {};
  return typeof req_ip === "string" && isIP(req_ip) !== 0 ? { req_ip } : {};
}

function jsonOf(form: Form, name: string): JsonObject | undefined {
  const attackerText = form[name];
  if (attackerText === undefined) return undefined;
  try {
    const value = parseStrict(attackerText);
    if (isJsonObject(value)) return value;
    throw new TypeError("no object");
  } catch (cause) {
    throw new Fault("invalid-request", `The parameter ${name} is no JSON object.`, {
      remedy: "Send it as plain JSON.",
      cause,
    });
  }
}
