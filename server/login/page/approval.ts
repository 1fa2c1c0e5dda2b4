import { canonicalize, type Json, type JsonObject } from "@countersign/proof/jcs";
import { parseReceipt, type Receipt } from "@countersign/proof/receipt";
import { chainLine, type Station } from "./chain.ts";
import { opens } from "./commitment.ts";
import { facts, h, instant, mono, show, visible } from "./dom.ts";
import { signHash } from "./passkeys.ts";
import { get, post, Refusal } from "./server.ts";
import { action, homeLink, type Me, showNote } from "./shell.ts";
import { exactly, type Signable, signable } from "./signed.ts";

/** What the server says about a request. Only `receipt` is signed; the rest is checked against it or set apart. */
interface Asked {
  readonly state: string;
  /** What the person would sign, without her decision; absent when her answer does not count. */
  readonly receipt?: JsonObject;
  readonly chain: readonly Station[];
  readonly arguments: JsonObject;
  /** What the arguments' commitment was made with, 32 bytes in base64url. */
  readonly salt: string;
  /** What is known of the resource, fetched without the agent. */
  readonly facts?: JsonObject;
  readonly reasons: readonly { readonly policy: string; readonly reason: string }[];
  /** How often this person was asked this lately. */
  readonly asked_lately?: number;
}

type Decision = Receipt["decision"];
type Answers = Readonly<Record<Decision, Signable>>;

/** Shows what an agent asks for, and lets the person sign her yes or her no to just that. */
export async function showApproval(me: Me, id: string): Promise<void> {
  const asked = await get<Asked>(`/approvals/${encodeURIComponent(id)}`);
  if (asked.receipt === undefined) return showUnanswerable(asked);
  const receipt = await checked(asked, asked.receipt, me, id);
  const [approve, deny] = await Promise.all([
    answerTo(asked.receipt, "approve"),
    answerTo(asked.receipt, "deny"),
  ]);
  show(
    h("h1", {}, visible(receipt.agent), " asks to ", deedOf(receipt)),
    ...whatAndWhy(asked),
    consequence(receipt, asked),
    answer(id, { approve, deny }),
    facts([
      ["You answer as", mono(receipt.requirement)],
      ["For the task", mono(receipt.task)],
      ["Request", mono(receipt.request)],
    ]),
    exactly(approve),
  );
}

/** For whoever may look and whose answer does not count, or not any more. */
function showUnanswerable(asked: Asked): void {
  const waits =
    asked.state === "pending"
      ? "This waits for the answer of other people."
      : `This is ${visible(asked.state)}.`;
  show(h("h1", {}, "A request for approval"), h("p", {}, waits), ...whatAndWhy(asked), homeLink());
}

const whatAndWhy = (asked: Asked): HTMLElement[] => [
  chainLine(asked.chain),
  h("h2", {}, "With these arguments"),
  argumentTable(asked),
  h("h2", {}, "Why it needs a person"),
  h("ul", { class: "plain" }, ...asked.reasons.map(reason)),
];

/** What is signed names the tool, or the kind of action where no tool is called. */
const deedOf = ({ tool }: Receipt): Node | string =>
  isTool(tool) ? h("span", {}, "call ", mono(tool)) : visible(tool);

const isTool = (name: string): boolean => name.includes("/");

/**
 * Refuses what does not belong together: a receipt of somebody else, or for another request, or one that
 * binds other arguments or lifts policies other than those shown.
 */
async function checked(asked: Asked, attackerReceipt: JsonObject, me: Me, id: string): Promise<Receipt> {
  const receipt = read({ ...attackerReceipt, decision: "approve" });
  const mine = receipt?.person === me.person.id && receipt.request === id && isDrawn(receipt, asked.chain);
  const explained = receipt?.forbids.every((forbid) =>
    asked.reasons.some(({ policy }) => policy === forbid.id),
  );
  if (mine && explained && (await opens(receipt.args_commitment, asked.salt, asked.arguments)))
    return receipt;
  throw new Refusal(
    0,
    "The server shows one thing and asks you to sign another.",
    "Sign nothing; tell your administrator.",
  );
}

/** Whether the chain that is drawn leads through the agent, and to the tool, that are signed. */
function isDrawn({ agent, tool }: Receipt, chain: readonly Station[]): boolean {
  const agents = chain.filter(({ mark }) => mark === "agent").map(({ name }) => name);
  if (!isTool(tool)) return agents.length === 0 || agents.includes(agent);
  return chain.at(-1)?.name === tool && (agents.length === 0 || agents.at(-1) === agent);
}

function read(attackerReceipt: Json): Receipt | undefined {
  try {
    return parseReceipt(attackerReceipt);
  } catch {
    return undefined;
  }
}

const answerTo = (receipt: JsonObject, decision: Decision): Promise<Signable> =>
  signable({ ...receipt, decision });

/** Each argument, and beside it what is known of it where that is something else. */
function argumentTable({ arguments: args, facts: known = {} }: Asked): HTMLElement {
  const names = Object.keys(args);
  if (names.length === 0) return h("p", { class: "aside" }, "It takes none.");
  return facts(
    names.map((name) => [
      visible(name),
      shownArgument(args[name], Object.hasOwn(known, name) ? known[name] : undefined),
    ]),
  );
}

function shownArgument(value: Json | undefined, fact: Json | undefined): HTMLElement {
  const shown = mono(canonicalize(value ?? null));
  if (fact === undefined || canonicalize(fact) === canonicalize(value ?? null)) return shown;
  return h("span", {}, shown, " ", h("span", { class: "differs" }, `in fact ${visible(canonicalize(fact))}`));
}

const reason = ({ policy, reason }: Asked["reasons"][number]): HTMLElement =>
  h("li", {}, visible(reason), " ", h("code", { class: "id" }, visible(policy)));

function consequence(receipt: Receipt, { asked_lately: lately }: Asked): HTMLElement {
  const once = isTool(receipt.tool)
    ? "this call, once, with these arguments only; ends "
    : "this, once; ends ";
  return facts([
    ["If you say yes", h("span", {}, once, instant(receipt.expires_at))],
    ["Asked lately", lately === undefined ? undefined : lately === 1 ? "once" : `${lately} times`],
  ]);
}

function answer(id: string, answers: Answers): HTMLElement {
  const say = (decision: Decision, title: string, text: string) => async (): Promise<void> => {
    const assertion = await signHash(answers[decision].hash);
    await post(`/approvals/${encodeURIComponent(id)}/receipts`, { decision, assertion });
    showNote(title, text, homeLink());
  };
  const no = action(
    "No",
    "",
    say("deny", "You said no", "It is refused, and your signed answer is in the log."),
  );
  const yes = action(
    "Yes, allow this",
    "",
    say("approve", "You said yes", "The agent may do exactly this, once."),
  );
  const note = h("p", { class: "aside" }, "Either answer is signed with your passkey.");
  return h(
    "section",
    { class: "answer", "aria-label": "Your answer" },
    h("div", { class: "pair" }, no, yes),
    note,
  );
}
