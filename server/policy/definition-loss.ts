import { canonicalize, type Json } from "@countersign/proof/jcs";
import type { CedarType, Server, Tool } from "../catalog/index.ts";
import type { DeclaredAction } from "./declared.ts";
import { applicable } from "./facts-read.ts";
import { pathsRead } from "./paths-read.ts";
import type { Policy } from "./policy.ts";

/** Something that a policy would no longer see, and so would no longer hold for. */
export interface Loss {
  readonly policy: Policy;
  /** For people: what it reads or is scoped to, and what becomes of that. */
  readonly message: string;
}

/** A tool as pinned, and as the schema lays it out. */
export interface SeenTool {
  readonly tool: Tool;
  readonly action: DeclaredAction;
}

/** Members of the context that would say less than before. */
interface Lessened {
  readonly members: readonly (readonly string[])[];
  readonly message: string;
  /** Members that tell of other calls too, so that every policy that reads them is concerned. */
  readonly anywhere?: readonly (readonly string[])[];
}

/**
 * What these policies would lose if a tool were defined otherwise: a forbid with `context has x && …` stops
 * applying without a word when nothing declares `x` any more. What is added, or read by nobody, is no loss.
 */
export function lossesByTool(policies: Iterable<Policy>, before: SeenTool, after: SeenTool): Loss[] {
  const all = [...policies];
  const left = before.action.actions.filter((name) => !after.action.actions.includes(name));
  const concerned = applicable(all, before.action.actions);
  const leaving = concerned.filter((policy) => leaves(policy, left, after.action.actions));
  const staying = concerned.filter((policy) => !leaving.includes(policy));
  const name = before.tool.identifier;
  return [
    ...leaving.map((policy) => ({
      policy,
      message: `It is about tools that are ${left.join(", ")}, and ${name} would not be one any more.`,
    })),
    ...lessenedBy(before, after).flatMap((one) => readersOf(one, staying, all)),
  ];
}

/** What these policies would lose if a server were described otherwise. @param actions of all its tools */
export function lossesByServer(
  policies: Iterable<Policy>,
  actions: readonly string[],
  before: Server,
  after: Server,
): Loss[] {
  const concerned = applicable(policies, actions);
  const gone = (["environment", "region"] as const).filter(
    (member) => before[member] !== undefined && after[member] === undefined,
  );
  return gone.flatMap((member) =>
    readersOf(
      {
        members: [["tool", member]],
        message: `It reads context.tool.${member}, which ${before.id} would not have any more.`,
      },
      concerned,
    ),
  );
}

/** Whether a policy is about what the tool would no longer be: by its scope, or by a word in its conditions. */
function leaves({ actions, json }: Policy, left: readonly string[], still: readonly string[]): boolean {
  if (actions !== "any" && !actions.some((name) => still.includes(name))) return true;
  return left.some((name) => namesAction(json.conditions, name));
}

function namesAction(node: unknown, name: string): boolean {
  if (typeof node !== "object" || node === null) return false;
  const { __entity } = node as { __entity?: { type: string; id: string } };
  if (__entity !== undefined) return __entity.type === "Action" && __entity.id === name;
  return Object.values(node).some((inner) => namesAction(inner, name));
}

const readersOf = (
  { members, message, anywhere = [] }: Lessened,
  concerned: readonly Policy[],
  all: readonly Policy[] = [],
): Loss[] => {
  const readers = [
    ...concerned.filter((policy) => readsAny(policy, members)),
    ...all.filter((policy) => readsAny(policy, anywhere)),
  ];
  return [...new Set(readers)].map((policy) => ({ policy, message }));
};

function readsAny({ json }: Policy, members: readonly (readonly string[])[]): boolean {
  const paths = pathsRead(json.conditions).filter(({ variable }) => variable === "context");
  return members.some((member) => paths.some((path) => reaches(path, member)));
}

/** Reading a whole reads its parts; asking whether there is a whole reads none of them. */
function reaches(
  { names, asked }: { names: readonly string[]; asked: boolean },
  member: readonly string[],
): boolean {
  const isOnTheWay = member.every((name, index) => index >= names.length || names[index] === name);
  return isOnTheWay && (names.length >= member.length || !asked);
}

function lessenedBy(before: SeenTool, after: SeenTool): Lessened[] {
  const typesOf = (action: DeclaredAction) => ({
    args: attributesOf(action.args),
    facts: Object.fromEntries(action.facts),
  });
  const [was, is] = [typesOf(before.action), typesOf(after.action)];
  const name = before.tool.identifier;
  return [
    ...lessenedMembers("args", was.args, is.args, name),
    ...lessenedMembers("facts", was.facts, is.facts, name),
    ...lessenedAmount(before.tool, after.tool),
    ...lessenedMarks(before.tool, after.tool),
  ];
}

type Attributes = Readonly<Record<string, CedarType>>;

const attributesOf = (type: CedarType): Attributes => (type.type === "Record" ? type.attributes : {});

function lessenedMembers(of: "args" | "facts", was: Attributes, is: Attributes, tool: string): Lessened[] {
  return Object.entries(was).flatMap(([name, type]) => {
    const now = Object.hasOwn(is, name) ? is[name] : undefined;
    if (carriesAll(type, now)) return [];
    const what = now === undefined ? "would not declare any more" : "would declare with another type";
    return [{ members: [[of, name]], message: `It reads context.${of}.${name}, which ${tool} ${what}.` }];
  });
}

/** Whether all that could be read of a value can be read of it still. */
function carriesAll(before: CedarType, after: CedarType | undefined): boolean {
  if (before.type === "Record" && after?.type === "Record")
    return Object.entries(before.attributes).every(([name, type]) =>
      carriesAll(type, Object.hasOwn(after.attributes, name) ? after.attributes[name] : undefined),
    );
  if (before.type === "Set" && after?.type === "Set") return carriesAll(before.element, after.element);
  return before.type === after?.type;
}

/** Also where it is read elsewhere: what policies hold against a limit would be another sum. */
function lessenedAmount({ identifier, amount: before }: Tool, { amount: after }: Tool): Lessened[] {
  if (before === undefined || (after !== undefined && same(before, after))) return [];
  const what = after === undefined ? "would not declare any more" : "would take from elsewhere";
  return [
    {
      members: [
        ["amount"],
        ["currency"],
        ["above_limit"],
        ["history", "amount"],
        ["history", "amount_after"],
      ],
      message: `It reads what a call moves (context.amount), which ${identifier} ${what}.`,
    },
  ];
}

const same = (a: object, b: object): boolean => canonicalize(a as Json) === canonicalize(b as Json);

/** What a result is marked with goes on into the history of its task, where policies for other tools read it. */
function lessenedMarks(before: Tool, after: Tool): Lessened[] {
  const { identifier, data = [] } = before;
  const gone = data.filter((label) => !(after.data ?? []).includes(label));
  const marks: Lessened[] = [];
  if (gone.length > 0)
    marks.push({
      members: [["tool", "data"]],
      anywhere: [["history", "labels"]],
      message: `It reads the labels of data, and ${identifier} would not bear ${gone.join(", ")} any more.`,
    });
  if (before.untrusted === true && after.untrusted !== true)
    marks.push({
      members: [["tool", "untrusted"]],
      anywhere: [["history", "untrusted"]],
      message: `It reads whether content is untrusted, which ${identifier} would not say any more.`,
    });
  return marks;
}
