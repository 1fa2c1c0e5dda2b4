import { type Consent, type Plan, parseConsent } from "@countersign/proof/consent";
import { describeGrant } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import { chainLine } from "./chain.ts";
import { opens } from "./commitment.ts";
import { facts, h, instant, mono, named, show, theirWords, visible } from "./dom.ts";
import { signHash } from "./passkeys.ts";
import { planSection, planSigned, type ShownPlan } from "./plan.ts";
import { get, post, Refusal } from "./server.ts";
import { action, homeLink, type Me, showNote } from "./shell.ts";
import { exactly, type Signable, signable } from "./signed.ts";

/** What the server says about a consent that waits. Only `consent` is signed; the rest is checked or set apart. */
interface Asked {
  readonly consent: Json;
  readonly task: {
    readonly id: string;
    readonly purpose: string;
    readonly started_by: { readonly through?: string };
    /** The name of the service that asks, unless she asked herself. */
    readonly service?: string;
    readonly instruction: string;
    /** What the instruction's commitment was made with, 32 bytes in base64url. */
    readonly instruction_salt: string;
    /** What it serves, and by what plan, in the words of whoever asks. */
    readonly incident?: { readonly id: string; readonly severity: string };
    readonly runbook?: { readonly name: string; readonly digest: string };
    readonly plan?: ShownPlan;
    readonly break_glass?: true;
  };
  readonly agent: {
    readonly name: string;
    readonly class: string;
    readonly environment: string;
    readonly owner: string;
    readonly owner_name: string;
  };
}

/** What follows her answer, where a program waits for it. */
export interface Waiting {
  /** Where it goes. */
  readonly back: HTMLElement;
  readonly finish: () => Promise<void>;
  readonly refuse: () => Promise<void>;
}

/** Shows what an agent may do in the person's name, and lets her sign just that. */
export async function showConsent(me: Me, task: string, waiting?: Waiting): Promise<void> {
  const asked = await get<Asked>(`/consents/${encodeURIComponent(task)}`);
  const { consent, plan } = await checked(asked, me, task);
  const signed = await signable(asked.consent);
  show(
    h("h1", {}, `Let ${visible(consent.agent)} act for you?`),
    chainLine([
      { mark: "person", name: me.person.name, link: "signs" },
      { mark: "agent", name: consent.agent },
    ]),
    emergency(asked),
    words(asked),
    h("h2", {}, "What it may do, and nothing else"),
    h("ul", { class: "plain" }, ...consent.grants.map((grant) => h("li", {}, mono(describeGrant(grant))))),
    ...(plan === "none" ? [] : planSection(plan)),
    facts([
      ["Incident", incidentWords(asked)],
      ["Runbook", runbookWords(asked)],
      ["Until", instant(consent.expires_at)],
      [
        "Agent",
        h(
          "span",
          {},
          mono(consent.agent),
          `, ${visible(asked.agent.class)} in ${visible(asked.agent.environment)}, owned by `,
          named(asked.agent.owner_name, asked.agent.owner),
        ),
      ],
      ["For the task", mono(consent.task)],
      ["In", mono(consent.trust_domain)],
      ["Then", waiting?.back],
    ]),
    answer(task, asked.consent, signed, waiting),
    exactly(signed),
  );
}

/**
 * Refuses what does not belong together: a consent of somebody else, or for another task, or one that binds
 * another instruction, plan or agent than those shown.
 */
async function checked(
  asked: Asked,
  me: Me,
  task: string,
): Promise<{ consent: Consent; plan: Plan | "none" }> {
  const consent = read(asked.consent);
  const mine =
    consent?.person === me.person.id && consent.task === task && asked.agent.name === consent.agent;
  const { instruction, instruction_salt } = asked.task;
  const plan = await planSigned(asked.task.plan, consent?.plan_hash).catch(() => undefined);
  if (mine && plan && (await opens(consent.instruction_hash, instruction_salt, instruction)))
    return { consent, plan };
  throw new Refusal(
    0,
    "The server shows one thing and asks you to sign another.",
    "Sign nothing; tell your administrator.",
  );
}

function read(attackerConsent: Json): Consent | undefined {
  try {
    return parseConsent(attackerConsent);
  } catch {
    return undefined;
  }
}

/** She has said so herself, and shall know what it sets going. */
const emergency = ({ task }: Asked): HTMLElement | undefined =>
  task.break_glass === undefined
    ? undefined
    : h(
        "p",
        { class: "emergency", role: "note" },
        h("strong", {}, "Emergency."),
        " You break the glass: policies may let pass what they otherwise would not, an alarm is raised, and it is reviewed afterwards.",
      );

const incidentWords = ({ task: { incident } }: Asked): Node | undefined =>
  incident && h("span", {}, mono(incident.id), `, ${visible(incident.severity)}, as stated`);

const runbookWords = ({ task: { runbook } }: Asked): Node | undefined =>
  runbook && h("span", {}, mono(runbook.name), ", approved as ", mono(runbook.digest));

function words({ task }: Asked): HTMLElement {
  const { through } = task.started_by;
  const by =
    through === undefined
      ? "You asked"
      : `The service ${visible(task.service ?? through)} asks, in your name`;
  return h("div", {}, theirWords(by, task.instruction), theirWords("Purpose, as stated", task.purpose));
}

function answer(task: string, consent: Json, signed: Signable, waiting?: Waiting): HTMLElement {
  const path = `/consents/${encodeURIComponent(task)}`;
  const refuse = action("Refuse", "", async () => {
    if (waiting !== undefined) return waiting.refuse();
    await post(`${path}/refuse`);
    showNote("Refused", "The task has ended. Nothing was done in your name.", homeLink());
  });
  const sign = action("Sign with passkey", "", async () => {
    await post(path, { consent, assertion: await signHash(signed.hash) });
    if (waiting !== undefined) return waiting.finish();
    showNote("Signed", "The agent may begin. You can end the task at any time.", homeLink());
  });
  const note = h("p", { class: "aside" }, "Refusing ends the task.");
  return h(
    "section",
    { class: "answer", "aria-label": "Your answer" },
    h("div", { class: "pair" }, refuse, sign),
    note,
  );
}
