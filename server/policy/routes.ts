import { z } from "zod";
import { route } from "../http/index.ts";
import { Fault } from "../lib/index.ts";
import { replacePolicies } from "./activate.ts";
import { checkPolicies, isRefused } from "./check.ts";
import type { PolicyFile } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { head, storedSet } from "./store.ts";

const file = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "A file's name has a-z, 0-9 and -, and no ending."),
  text: z.string().max(100_000),
  tests: z.string().max(100_000).optional(),
});
const files = z.strictObject({ policies: z.array(file).max(200) });

const problem = z.object({
  severity: z.enum(["error", "warning"]),
  file: z.string(),
  policy: z.string().optional(),
  line: z.int(),
  column: z.int(),
  message: z.string(),
});

export const getActivePolicies = route<PolicyDeps>()({
  summary: "The policies that decide now, whole, with who activated them and when they were written.",
  answers: {
    200: z.object({
      version: z.string(),
      hash: z.string(),
      number: z.int(),
      author: z.string(),
      at: z.int(),
      policies: z.array(file),
    }),
  },
  async handle(deps) {
    const active = await head(deps.database);
    const stored = active === undefined ? undefined : await storedSet(deps.database, active.version);
    if (active === undefined || stored === undefined) throw noPolicies();
    const { files: policies, ...set } = stored;
    return { status: 200, body: { ...set, number: active.number, policies } };
  },
});

export const postPolicyCheck = route<PolicyDeps>()({
  summary: "Checks a set of policies and runs its tests, and activates nothing.",
  body: files,
  answers: { 200: z.object({ activatable: z.boolean(), problems: z.array(problem) }) },
  async handle(deps, _caller, { body }) {
    const problems = await checkPolicies(deps, filesOf(body));
    return { status: 200, body: { activatable: !isRefused(problems), problems } };
  },
});

export const postPolicyActivation = route<PolicyDeps>()({
  summary: "Makes exactly these policies the ones that decide, if they pass every check and test.",
  body: files,
  answers: { 200: z.object({ version: z.string(), hash: z.string(), number: z.int() }) },
  async handle(deps, caller, { body }) {
    return { status: 200, body: await replacePolicies(deps, caller, filesOf(body)) };
  },
});

/** Members that are `undefined` left out, as a set holds them. */
const filesOf = ({ policies }: z.output<typeof files>): PolicyFile[] =>
  policies.map(({ name, text, tests }) => ({ name, text, ...(tests === undefined ? {} : { tests }) }));

const noPolicies = (): Fault =>
  new Fault("not-found", "No policies are loaded, so everything is denied.", {
    remedy: "Activate a set of policies.",
  });
