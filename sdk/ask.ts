import { isJsonObject, type Json, type JsonObject, parseStrict } from "@countersign/proof/jcs";
import { ApprovalPending, Denied, type Reason, type RefusalDetails, Refused, Unreachable } from "./errors.ts";
import type { Nonces } from "./nonces.ts";
import type { Runtime } from "./runtime.ts";

/** A request to the control plane. */
export interface Request {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: JsonObject;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  /** Where nonces for proofs are remembered, if the request carries one. */
  readonly nonces?: Nonces;
}

const patienceMilliseconds = 10_000;
const longestAnswer = 1_048_576;

/**
 * Asks the control plane and returns the object it answers.
 *
 * @throws Denied, ApprovalPending, Refused as the server says; Unreachable when nothing sensible comes back
 */
export async function ask(runtime: Runtime, request: Request): Promise<JsonObject> {
  const response = await send(runtime, request);
  request.nonces?.hear(request.url, response);
  const answer = await readObject(response, request.url);
  if (response.ok) return answer;
  throw refusalOf(response.status, answer);
}

async function send(runtime: Runtime, { method, url, headers, json, form }: Request): Promise<Response> {
  try {
    return await runtime.fetch(url, {
      method,
      headers: { ...headers, ...(json === undefined ? {} : { "content-type": "application/json" }) },
      body:
        json === undefined ? (form === undefined ? null : new URLSearchParams(form)) : JSON.stringify(json),
      // A redirect would carry the proof of possession, and the secrets in the body, to somebody else.
      redirect: "error",
      signal: AbortSignal.timeout(patienceMilliseconds),
    });
  } catch (cause) {
    throw new Unreachable(`${new URL(url).origin} cannot be reached`, { cause });
  }
}

async function readObject(response: Response, url: string): Promise<JsonObject> {
  try {
    const text = await response.text();
    if (text.length > longestAnswer) throw new RangeError("the answer is too long");
    const answer = text === "" ? {} : parseStrict(text);
    if (isJsonObject(answer)) return answer;
    throw new TypeError("the answer is no object");
  } catch (cause) {
    throw new Unreachable(`${new URL(url).origin} answered ${response.status} and no JSON object`, { cause });
  }
}

/**
 * Turns the server's refusal into the error that a program can act on. Both of its dialects are read: problem
 * details, and the errors of the token endpoint.
 *
 * @see RFC 9457 §3, RFC 6749 §5.2
 */
export function refusalOf(status: number, answer: JsonObject): Refused {
  const { error, type, error_description, detail, title, remedy, ...members } = answer;
  const message = text(error_description) ?? text(detail) ?? text(title) ?? `refused with status ${status}`;
  const code = text(error) ?? text(type)?.replace(problemType, "") ?? "refused";
  const details: RefusalDetails = { code, status, remedy: text(remedy), members };
  const approval = text(answer.approval);
  if (pendingCodes.has(code) && approval !== undefined) {
    return new ApprovalPending(message, { ...details, approval, interval: seconds(answer.interval) });
  }
  if (!deniedCodes.has(code)) return new Refused(message, details);
  const reasons = [...reasonsOf(answer.reasons), ...reasonsOf(answer.policies)];
  return new Denied(message, { ...details, decision: text(answer.decision), reasons });
}

const problemType = /^urn:countersign:problem:/;
const pendingCodes = new Set(["authorization_pending", "approval-required", "slow_down"]);
const deniedCodes = new Set(["access_denied", "denied"]);

/** The policies that said no: `{policy, reason}` in problems, `{id, reason}` at the token endpoint. */
function reasonsOf(list: Json | undefined): Reason[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isJsonObject).flatMap(({ policy, id, reason }) => {
    const name = text(policy) ?? text(id);
    return name === undefined ? [] : [{ policy: name, reason: text(reason) ?? "" }];
  });
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** RFC 8628 §3.2: five where the server says nothing. */
const seconds = (value: unknown): number => (typeof value === "number" && value > 0 ? value : 5);
