import assert from "node:assert/strict";
import { jsonOf, type WireAnswer } from "./wire.ts";

/** Requires that an answer is a refusal as this API makes them: a 4xx that says what is wrong. */
export function requireRefusal(
  { status, headers, body }: WireAnswer,
  dialect: "problem" | "oauth" | "plain" | "page",
): void {
  const shown = `${status} ${body.subarray(0, 300)}`;
  assert(status >= 400 && status < 500, `answered ${shown}`);
  assert.notEqual(status, 429, "the suite asks too often to see anything");
  const type = String(headers["content-type"]);
  if (dialect === "page") {
    requirePage(type, body.toString());
    return;
  }
  const said = jsonOf<Said>({ status, headers, body });
  if (dialect === "plain") requireMessage(type, said, shown);
  else if (dialect === "oauth") requireOauthError(type, said, shown);
  else requireProblem(type, said, status, shown);
}

/** A page of our own words, which runs nothing. */
function requirePage(type: string, html: string): void {
  assert.match(type, /^text\/html/);
  assert.match(html, /<h1>This request cannot be shown<\/h1>/);
  assert.doesNotMatch(html, /<script|<img|<form|<iframe/i);
}

interface Said {
  readonly type?: unknown;
  readonly detail?: unknown;
  readonly status?: unknown;
  readonly error?: unknown;
  readonly error_description?: unknown;
}

function requireProblem(type: string, problem: Said, status: number, shown: string): void {
  assert.match(type, /^application\/problem\+json/, shown);
  assert.match(String(problem.type), /^urn:countersign:problem:/, shown);
  assert(typeof problem.detail === "string" && problem.detail !== "", shown);
  assert.equal(problem.status, status, shown);
}

function requireOauthError(type: string, error: Said, shown: string): void {
  assert.match(type, /^application\/json/, shown);
  assert.match(String(error.error), /^[a-z_]+$/, shown);
  assert.match(String(error.error_description), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, shown);
}

/** A message and nothing else, as a JSON string. */
function requireMessage(type: string, message: unknown, shown: string): void {
  assert.match(type, /^application\/json/, shown);
  assert(typeof message === "string" && message !== "", shown);
}

/** Requires of bytes that came back that they are a refusal. */
export function requireRefusedBytes(answer: string): void {
  // Who expects to be told to go on is told so first.
  const [head = "", body = ""] = answer.replace("HTTP/1.1 100 Continue\r\n\r\n", "").split("\r\n\r\n");
  assert.match(head, /^HTTP\/1\.1 4\d\d /, answer.slice(0, 300));
  assert.match(head, /content-type: application\/problem\+json/i, answer.slice(0, 300));
  const problem = JSON.parse(body.replace(/^[0-9a-f]+\r\n/, "")) as { detail?: unknown };
  assert(typeof problem.detail === "string", answer.slice(0, 300));
}
