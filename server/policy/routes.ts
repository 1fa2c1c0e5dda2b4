import { z } from "zod";
import { cutPage, pageOf, pageQuery, route } from "../http/index.ts";
import { Fault } from "../lib/index.ts";
import { putPolicies, replacePolicies } from "./activate.ts";
import { checkFiles } from "./active-set.ts";
import { isRefused } from "./check.ts";
import { diffPolicies } from "./diff.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { rollbackPolicies } from "./rollback.ts";
import { shippedPolicies } from "./shipped.ts";
import { heads, latestActivations, type StoredSet, storedSet, storedVersions } from "./store.ts";
import { storeVersion } from "./store-version.ts";
import { filesOf, unknownVersion } from "./which-set.ts";
import {
  draft,
  file,
  fileList,
  filesIn,
  message,
  onRecord,
  problem,
  shapeVersion,
  storedVersion,
  version,
  which,
  whichOf,
} from "./wire.ts";

const whole = storedVersion.extend({ policies: z.array(file) });
const shapeWhole = (set: StoredSet) => ({ ...shapeVersion(set), policies: set.files });

export const getActivePolicies = route<PolicyDeps>()({
  summary: "The policies that decide now, whole, with who wrote them and when.",
  answers: { 200: whole.extend({ number: z.int() }) },
  async handle(deps) {
    const { active } = await heads(deps.database);
    const stored = active === undefined ? undefined : await storedSet(deps.database, active.version);
    if (active === undefined || stored === undefined) throw noPolicies();
    return { status: 200, body: { ...shapeWhole(stored), number: active.number } };
  },
});

export const postPolicyCheck = route<PolicyDeps>()({
  summary: "Checks a set of policies and runs its tests, and activates nothing.",
  body: draft,
  answers: { 200: z.object({ activatable: z.boolean(), problems: z.array(problem) }) },
  async handle(deps, _caller, { body }) {
    const problems = await checkFiles(deps, filesIn(body.policies));
    return { status: 200, body: { activatable: !isRefused(problems), problems } };
  },
});

const activated = z.object({ version: z.string(), hash: z.string(), number: z.int() });
const activating = {
  message,
  revoke_older: z.boolean().default(false).describe("Ends every token that was issued under an older set."),
};

export const postPolicyActivation = route<PolicyDeps>()({
  summary: "Makes exactly these policies the ones that decide, if they pass every check and test.",
  body: z.union([
    z.strictObject({ policies: fileList, ...activating }),
    z.strictObject({ version, ...activating }),
    z.strictObject({
      shipped: z.literal(true).describe("The files that come with this version, beside those that decide."),
      ...activating,
    }),
  ]),
  answers: { 200: activated },
  async handle(deps, caller, { body }) {
    const how = { message: body.message, revokeOlder: body.revoke_older };
    const activated =
      "shipped" in body
        ? await putPolicies(deps, caller, await shippedPolicies(), how)
        : await replacePolicies(deps, caller, await filesOf(deps, whichOf(body)), how);
    return { status: 200, body: activated };
  },
});

export const postPolicyRollback = route<PolicyDeps>()({
  summary: "Brings back the set that decided before, or a named version; its tests run again.",
  body: z.strictObject({ version: version.optional(), ...activating }),
  answers: { 200: activated },
  async handle(deps, caller, { body }) {
    const { revoke_older: revokeOlder, ...named } = body;
    return { status: 200, body: await rollbackPolicies(deps, caller, { ...named, revokeOlder }) };
  },
});

export const getPolicyVersions = route<PolicyDeps>()({
  summary: "The sets of policies on record, newest first, and which of them have a say now.",
  query: z.strictObject(pageQuery),
  answers: {
    200: pageOf(storedVersion.extend({ deciding: z.array(z.enum(["active", "canary", "shadow"])) })),
  },
  async handle(deps, _caller, { query: { after, limit } }) {
    const rows = await storedVersions(deps.database, { before: after, limit: limit + 1 });
    const page = cutPage(rows, limit, (row) => row.version);
    const now = await heads(deps.database);
    const decidingBy = (name: string) =>
      (["active", "canary", "shadow"] as const).filter((role) => now[role]?.version === name);
    const items = page.items.map((row) => ({ ...shapeVersion(row), deciding: decidingBy(row.version) }));
    return { status: 200, body: { ...page, items } };
  },
});

export const postPolicyVersion = route<PolicyDeps>()({
  summary: "Puts a set of policies on record, if it passes every check and test. It decides nothing by that.",
  body: draft.extend({ message }),
  answers: { 201: z.object({ version: z.string(), hash: z.string() }) },
  async handle(deps, caller, { body }) {
    const files = filesIn(body.policies);
    return { status: 201, body: await storeVersion(deps, caller, { files, message: body.message }) };
  },
});

export const getPolicyVersion = route<PolicyDeps>()({
  summary: "One set of policies, whole.",
  params: onRecord,
  answers: { 200: whole },
  async handle(deps, _caller, { params }) {
    const stored = await storedSet(deps.database, params.version);
    if (stored === undefined) throw unknownVersion();
    return { status: 200, body: shapeWhole(stored) };
  },
});

export const getPolicyActivations = route<PolicyDeps>()({
  summary: "Which set decided since when, the latest first.",
  query: z.strictObject({ ...pageQuery, after: z.coerce.number().int().positive().optional() }),
  answers: {
    200: pageOf(
      z.object({
        number: z.int(),
        version: z.string(),
        at: z.int(),
        by: z.string(),
        kind: z.enum(["activate", "rollback"]),
        message: z.string().optional(),
      }),
    ),
  },
  async handle(deps, _caller, { query: { after, limit } }) {
    const below = after === undefined ? {} : { below: after };
    const rows = await latestActivations(deps.database, { ...below, limit: limit + 1 });
    return { status: 200, body: cutPage(rows, limit, ({ number }) => String(number)) };
  },
});

const policyText = z.object({ id: z.string(), file: z.string(), line: z.int(), text: z.string() });

export const postPolicyDiff = route<PolicyDeps>()({
  summary: "What becomes other from one set to another, policy by policy.",
  body: z.strictObject({ from: which, to: which }),
  answers: {
    200: z.object({
      from: z.string(),
      to: z.string(),
      added: z.array(policyText),
      removed: z.array(policyText),
      changed: z.array(z.object({ id: z.string(), before: policyText, after: policyText })),
      beside: z.array(z.object({ file: z.string(), before: z.string(), after: z.string() })),
    }),
  },
  async handle(deps, _caller, { body }) {
    return { status: 200, body: await diffPolicies(deps, whichOf(body.from), whichOf(body.to)) };
  },
});

const noPolicies = (): Fault =>
  new Fault("not-found", "No policies are loaded, so everything is denied.", {
    remedy: "Activate a set of policies.",
  });
