/**
 * Whoever sends it has proven who it is, and all but one parameter is as it should be: what is wrong with that one
 * is then judged by the grant itself. It is refused in the specified words, and nothing is issued.
 */
import assert from "node:assert/strict";
import type { CompanyIdp } from "../company-idp.ts";
import type { Setting } from "../oauth/setting.ts";
import { requireRefusal } from "../refusal.ts";
import type { Report } from "../report.ts";
import { jsonOf, send, type WireAnswer } from "../wire.ts";
import { hostileBodies } from "./bodies.ts";
import { type GoodForm, goodForms, type Ready } from "./forms.ts";
import { spoilt, UNREADABLE, type Wrong, wrongsOf } from "./values.ts";

interface Listed {
  readonly event: { readonly type: string };
}

const AT_ONCE = 16;

/** What refusing does by itself. A code or a refresh token that comes twice ends what was made of it. */
const OF_REFUSALS = new Set([
  "request.refused",
  "refusals.counted",
  "risk.changed",
  "authorization.misused",
  "revocation.recorded",
  "task.closed",
  // A program proves its key with its code, before what else it asks for is read.
  "instance.enrolled",
]);

/** The error of each parameter; every other one's is `invalid_request`. */
const ERRORS: Readonly<Record<string, string>> = {
  grant_type: "unsupported_grant_type",
  resource: "invalid_target",
  audience: "invalid_target",
  scope: "invalid_scope",
  authorization_details: "invalid_authorization_details",
  client_id: "invalid_client",
  client_assertion: "invalid_client",
  client_assertion_type: "invalid_client",
  ...Object.fromEntries(
    ["assertion", "code", "code_verifier", "redirect_uri", "refresh_token"].map((name) => [
      name,
      "invalid_grant",
    ]),
  ),
};
/** Of these no two are taken, whatever the specification would let somebody send. */
const ONE_TARGET = ["resource", "audience"];

export async function hostileForms(report: Report, on: Setting, idp: CompanyIdp): Promise<void> {
  const forms = await goodForms(on, idp);
  const prepared: { good: GoodForm; name: string; ready: Ready }[] = [];
  for (const good of forms)
    for (const name of good.spoil) prepared.push({ good, name, ready: await good.fresh() });
  const bodies = await hostileBodies(on);
  const before = await on.administrator.list<Listed>("/audit/events");
  const worker = async (): Promise<void> => {
    for (let next = prepared.pop(); next !== undefined; next = prepared.pop()) {
      const { good, name, ready } = next;
      await report.case(`a hostile form: ${good.name}, ${name}`, () => spoil(on, good, name, ready));
    }
  };
  await Promise.all([bodies.send(report), ...Array.from({ length: AT_ONCE }, worker)]);
  await report.case("hostile forms: nothing but refusals is in the log", async () => {
    const after = await on.administrator.list<Listed>("/audit/events");
    const types = new Set(after.slice(before.length).map(({ event }) => event.type));
    assert.deepEqual(
      [...types].filter((type) => !OF_REFUSALS.has(type)),
      [],
    );
    assert(types.has("request.refused"));
  });
  for (const good of forms)
    await report.case(`a form that is as it should be: ${good.name}`, async () => {
      const { status, body } = await sendForm(on, good, await good.fresh());
      assert.equal(status, 200, body.toString());
    });
}

async function spoil(on: Setting, good: GoodForm, name: string, ready: Ready): Promise<void> {
  for (const wrong of wrongsOf(name)) {
    if (wrong === "missing" && good.optional.includes(name)) continue;
    const answer = await sendForm(on, good, ready, (form) => spoilt(form, name, wrong));
    const shown = `${wrong}: ${answer.status} ${answer.body}`.slice(0, 300);
    if (good.says !== undefined && !UNREADABLE.has(wrong) && wrong !== "missing" && wrong !== "empty")
      assert.deepEqual([answer.status, answer.body.toString()], [200, good.says], shown);
    else requireError(answer, errorsOf(name, wrong), shown);
  }
}

function sendForm(
  { server }: Setting,
  { path }: GoodForm,
  { form, prove }: Ready,
  written: (form: Readonly<Record<string, string>>) => string = (whole) =>
    new URLSearchParams(whole).toString(),
): Promise<WireAnswer> {
  const proven = prove();
  const headers = { "content-type": "application/x-www-form-urlencoded", ...proven.headers };
  return send(server, { method: "POST", path, headers, body: written({ ...form, ...proven.form }) });
}

function requireError(answer: WireAnswer, errors: readonly string[], shown: string): void {
  requireRefusal(answer, "oauth");
  const { error } = jsonOf<{ error: string }>(answer);
  assert(errors.includes(error), `not one of ${errors}: ${shown}`);
  assert.equal(answer.status, error === "invalid_client" ? 401 : 400, shown);
}

/** A parameter that is not there may be told as missing, or as what comes of its being missing. */
function errorsOf(name: string, wrong: Wrong): string[] {
  if (wrong === "twice" && ONE_TARGET.includes(name)) return ["invalid_target"];
  if (UNREADABLE.has(wrong)) return ["invalid_request"];
  const error = ERRORS[name] ?? "invalid_request";
  return wrong === "missing" || wrong === "empty" ? ["invalid_request", error] : [error];
}
