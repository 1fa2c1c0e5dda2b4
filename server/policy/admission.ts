import {
  cedarSchema,
  cedarSchemaWith,
  findServer,
  findTool,
  readServer,
  type SchemaAndDigest,
  type Server,
  type ServerDefinition,
  type Tool,
  toolsOfServer,
} from "../catalog/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { filesReady, validateFiles } from "./active-set.ts";
import { usable } from "./deciding.ts";
import { declaredAction } from "./declared.ts";
import { type Loss, lossesByServer, lossesByTool, type SeenTool } from "./definition-loss.ts";
import type { PolicyFile, PolicySet, Problem } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { requirePublisher } from "./publisher.ts";
import { type Heads, heads, requireBinding, storedSet } from "./store.ts";

/** What the sets that decide have to say of definitions that are to be pinned. */
export interface Admission {
  /** Ids of the policies that lose something by what is said of this tool or server; the caller accepted it. */
  lossBy(name: string): readonly string[];
  /** What the shadow would lose. */
  readonly warnings: readonly Problem[];
  /** Adds to the change, when all else is in it, that no other set has come to decide. */
  guard(change: Change): void;
}

/** How definitions are admitted. */
export interface Admitting {
  /** Policies may lose what they read of what is defined, or what they are about. For a publisher to say. */
  readonly acceptLoss?: boolean | undefined;
  /** What the same change makes decide, in place of all that decides now. */
  readonly activating?: { readonly files: readonly PolicyFile[]; readonly head: Head } | undefined;
}

type Head = Pick<NonNullable<Heads["active"]>, "version" | "number">;

/** A set that is asked whether definitions fit: those that bind refuse, the shadow warns. */
interface Asked {
  readonly files: readonly PolicyFile[];
  /** Nothing where it cannot be used: then it denies everything, whatever is defined. */
  readonly set: PolicySet | undefined;
  readonly binds: boolean;
}

/**
 * Asks the sets that decide whether tools may be defined like this, all at once: none may stop validating, and
 * none may silently lose what it reads or what it is about.
 * @param tools as they would be; those that are pinned like this already change nothing
 * @throws Fault `invalid` with every problem; `forbidden` where a loss is accepted by who may not
 */
export async function admissionOfTools(
  deps: PolicyDeps,
  caller: Caller,
  tools: readonly Tool[],
  admitting: Admitting = {},
): Promise<Admission> {
  const [now, then] = [await cedarSchema(deps), await cedarSchemaWith(deps, tools)];
  const pairs = await Promise.all(
    tools.map(async (tool) => [await findTool(deps, tool.identifier), tool] as const),
  );
  const lossesIn = (set: PolicySet): NamedLoss[] =>
    pairs.flatMap(([before, after]) => {
      if (before === undefined || before.digest === after.digest) return [];
      const losses = lossesByTool(set.policies.values(), seen(before, now), seen(after, then));
      return losses.map((loss) => ({ ...loss, name: after.identifier }));
    });
  return admission(deps, caller, admitting, async ({ files, set }) => ({
    errors: await newErrors(deps, files, now, then),
    losses: set === undefined ? [] : lossesIn(set),
  }));
}

/** The same for a server's record. @throws Fault as `admissionOfTools` */
export async function admissionOfServer(
  deps: PolicyDeps,
  caller: Caller,
  attackerServer: ServerDefinition,
  admitting: Admitting = {},
): Promise<Admission> {
  const after: Server = readServer(attackerServer);
  const before = await findServer(deps, after.id);
  const tools = await toolsOfServer(deps, after.id);
  const actions = ["call", ...tools.flatMap(({ identifier, labels }) => [identifier, ...labels])];
  return admission(deps, caller, admitting, async ({ set }) => {
    if (before === undefined || set === undefined || tools.length === 0) return { errors: [], losses: [] };
    const losses = lossesByServer(set.policies.values(), actions, before, after);
    return { errors: [], losses: losses.map((loss) => ({ ...loss, name: after.id })) };
  });
}

type NamedLoss = Loss & { readonly name: string };

interface Objections {
  /** Nobody can accept these: a policy that does not validate is none that can be relied upon. */
  readonly errors: readonly Problem[];
  readonly losses: readonly NamedLoss[];
}

async function admission(
  deps: PolicyDeps,
  caller: Caller,
  { acceptLoss = false, activating }: Admitting,
  objectionsOf: (asked: Asked) => Promise<Objections>,
): Promise<Admission> {
  if (acceptLoss) requirePublisher(caller);
  const now = await heads(deps.database);
  const binding: Objections[] = [];
  const warnings: Problem[] = [];
  for (const asked of await setsAsked(deps, now, activating)) {
    const objections = await objectionsOf(asked);
    if (asked.binds) binding.push(objections);
    else warnings.push(...problemsIn(objections).map((one) => ({ ...one, severity: "warning" as const })));
  }
  const [errors, losses] = [binding.flatMap((one) => one.errors), binding.flatMap((one) => one.losses)];
  if (errors.length > 0 || (losses.length > 0 && !acceptLoss)) throw notAdmitted({ errors, losses });
  const binds = activating === undefined ? now : { active: activating.head };
  return {
    warnings,
    lossBy: (name) => [
      ...new Set(losses.filter((loss) => loss.name === name).map(({ policy }) => policy.id)),
    ],
    guard: (change) => requireBinding(change, binds),
  };
}

/** An activation ends the canary, so what it makes decide is all that binds then. */
async function setsAsked(
  deps: PolicyDeps,
  { active, canary, shadow }: Heads,
  activating: Admitting["activating"],
): Promise<Asked[]> {
  const asked: Asked[] = [];
  if (activating !== undefined)
    asked.push({ files: activating.files, set: await filesReady(deps, activating.files), binds: true });
  const binding = activating === undefined ? [active?.version, canary?.version] : [];
  for (const version of new Set([...binding, shadow?.version])) {
    const stored = version === undefined ? undefined : await storedSet(deps.database, version);
    if (stored === undefined) continue;
    const set = await usable(deps, stored.version);
    asked.push({ files: stored.files, set, binds: binding.includes(stored.version) });
  }
  return asked;
}

/** What would not validate any more. What does not validate now either is not this change's to mend. */
async function newErrors(
  deps: PolicyDeps,
  files: readonly PolicyFile[],
  now: SchemaAndDigest,
  then: SchemaAndDigest,
): Promise<Problem[]> {
  const errorsOn = async (schema: SchemaAndDigest) =>
    (await validateFiles(deps, files, schema)).filter(({ severity }) => severity === "error");
  const after = then.digest === now.digest ? [] : await errorsOn(then);
  if (after.length === 0) return [];
  const before = new Set((await errorsOn(now)).map((problem) => JSON.stringify(problem)));
  return after.filter((problem) => !before.has(JSON.stringify(problem)));
}

function seen(tool: Tool, { schema }: SchemaAndDigest): SeenTool {
  const action = declaredAction(schema, tool.identifier);
  if (action === undefined) throw new Error("a tool has no action in its schema");
  return { tool, action };
}

const problemsIn = ({ errors, losses }: Objections): Problem[] => [
  ...errors,
  ...losses.map(({ policy: { file, line, column, id }, message }) => ({
    severity: "error" as const,
    ...{ file, line, column, policy: id, message },
  })),
];

function notAdmitted(objections: Objections): Fault {
  const problems = problemsIn(objections);
  const [first] = problems;
  return new Fault(
    "invalid",
    `The policies that decide do not fit this definition: ${first?.file}:${first?.line}: ${first?.message}`,
    {
      remedy:
        objections.errors.length > 0
          ? "Activate policies that fit first, then pin; or declare both in one manifest."
          : "Activate policies that fit first, then pin; or declare both in one manifest; or have a policy publisher accept the loss (accept_policy_loss).",
      members: { problems },
      record: { problems: problems.length },
    },
  );
}
