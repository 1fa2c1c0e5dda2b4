import { parseConsent } from "@countersign/proof/consent";
import { sha256Base64url } from "@countersign/proof/digest";
import { describeGrant } from "@countersign/proof/grant";
import { canonicalBytes, canonicalize, type Json, type JsonObject } from "@countersign/proof/jcs";
import { parseReceipt } from "@countersign/proof/receipt";
import { type AuthenticationResponse, type Authenticator, softwareAuthenticator } from "./authenticator.ts";
import { type Browser, openBrowser } from "./browser.ts";

/** A scripted person: an authenticator in her hand, and a browser that speaks to the server over HTTP only. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly authenticator: Authenticator;
  readonly browser: Browser;
}

/** Opens the link that the first start of a server printed, and becomes its first administrator. */
export function becomeFirstAdministrator(
  link: string,
  who: { name: string; email: string },
): Promise<Person> {
  return enrol(link, "first", "/login/first-administrator", who);
}

/** Opens the link that an administrator made for her, and enrols a passkey. She is signed in then. */
export function enrolByLink(link: string, authenticator = softwareAuthenticator()): Promise<Person> {
  return enrol(link, "enrol", "/login/enrolment", {}, authenticator);
}

async function enrol(
  link: string,
  kind: "first" | "enrol",
  path: string,
  who: object,
  authenticator = softwareAuthenticator(),
): Promise<Person> {
  const { origin, hash } = new URL(link);
  if (!hash.startsWith(`#${kind}=`)) throw new Error(`this is no link to ${kind}`);
  const browser = openBrowser(origin);
  const secret = { secret: hash.slice(kind.length + 2), ...who };
  const { challenge, options } = await browser.post<CreationCeremony>(`${path}/begin`, secret);
  const response = authenticator.create(origin, options);
  await browser.post(`${path}/finish`, { ...secret, challenge, label: "scripted", response });
  return whoIs(browser, authenticator);
}

type CreationCeremony = { challenge: string; options: Parameters<Authenticator["create"]>[1] };
type RequestCeremony = { challenge: string; options: Parameters<Authenticator["get"]>[1] };

/** Signs in with a passkey that the authenticator holds for this server. */
export async function signInAs(issuer: string, authenticator: Authenticator): Promise<Person> {
  const browser = openBrowser(issuer);
  const { challenge, options } = await browser.post<RequestCeremony>("/login/sign-in/begin", {});
  const response = authenticator.get(browser.origin, options);
  await browser.post("/login/sign-in/finish", { challenge, response });
  return whoIs(browser, authenticator);
}

async function whoIs(browser: Browser, authenticator: Authenticator): Promise<Person> {
  const { person } = await browser.get<{ person: { id: string; name: string } }>("/login/whoami");
  return { ...person, authenticator, browser };
}

/** Makes a one-time code with which a terminal signs in as her. */
export const terminalCode = async ({ browser }: Person): Promise<string> =>
  (await browser.post<{ code: string }>("/login/terminal-code")).code;

/** What a consent page shows, for whoever is to judge it. */
export interface ShownConsent {
  readonly agent: string;
  /** Her instruction, in words. */
  readonly instruction: string | null;
  /** Each grant as one line. */
  readonly grants: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Falsifies an assertion on its way, to see that it is refused. */
export type Tamper = (assertion: AuthenticationResponse) => AuthenticationResponse;

const untouched: Tamper = (assertion) => assertion;

/**
 * Reads what a task asks of her, judges it, and signs it. The challenge is computed here from the object that
 * was judged; what the server says it is does not count.
 * @param agrees her judgement; when it says no, nothing is signed
 */
export async function consent(
  person: Person,
  task: string,
  agrees: (shown: ShownConsent) => boolean,
  tamper = untouched,
): Promise<void> {
  const { browser } = person;
  const path = `/consents/${encodeURIComponent(task)}`;
  const asked = await browser.get<{ consent: Json; instruction: string | null }>(path);
  const { person: whose, task: which, agent, grants, expires_at: expires } = parseConsent(asked.consent);
  if (whose !== person.id || which !== task)
    throw new Error("this consent is another's, or for another task");
  const shown = { agent, instruction: asked.instruction, grants: grants.map(describeGrant), expires };
  if (!agrees(shown)) throw new Error(`${person.name} does not agree to ${canonicalize(asked.consent)}`);
  await browser.post(path, { response: tamper(sign(person, asked.consent)) });
}

/** What an approval page shows. */
export interface ShownRequest {
  readonly agent: string;
  readonly tool: string;
  readonly arguments: JsonObject;
  /** What would be lifted, and why policy asks. */
  readonly reasons: readonly { policy: string; reason: string }[];
}

/** The requests that wait for her answer. */
export async function waitingFor({
  browser,
}: Person): Promise<{ id: string; sentence: string; agent?: string }[]> {
  return (await browser.get<{ items: { id: string; sentence: string; agent?: string }[] }>("/approvals?mine"))
    .items;
}

interface AskedApproval {
  receipt?: JsonObject;
  arguments: JsonObject;
  salt: string;
  reasons: { policy: string; reason: string }[];
}

/**
 * Reads a request, judges it, and signs her yes or her no.
 * @param decide her judgement
 * @returns how the request stands afterwards
 */
export async function answer(
  person: Person,
  approval: string,
  decide: (shown: ShownRequest) => "approve" | "deny",
  tamper = untouched,
): Promise<string> {
  const path = `/approvals/${encodeURIComponent(approval)}`;
  const asked = await person.browser.get<AskedApproval>(path);
  if (asked.receipt === undefined) throw new Error(`the answer of ${person.name} does not count here`);
  const { agent, tool, person: whose, request, args_commitment } = readReceipt(asked.receipt);
  if (whose !== person.id || request !== approval)
    throw new Error("this receipt is another's, or for another request");
  if (commitment(asked.salt, asked.arguments) !== args_commitment) {
    throw new Error("the arguments shown are not those that would be signed");
  }
  const decision = decide({ agent, tool, arguments: asked.arguments, reasons: asked.reasons });
  const assertion = tamper(sign(person, { ...asked.receipt, decision }));
  return (await person.browser.post<{ state: string }>(`${path}/receipts`, { decision, assertion })).state;
}

/** Her decision is not in it yet: that is hers to add. */
const readReceipt = (undecided: JsonObject) => parseReceipt({ ...undecided, decision: "approve" });

const commitment = (salt: string, args: JsonObject): string =>
  sha256Base64url(Buffer.concat([Buffer.from(salt, "base64url"), canonicalBytes(args)]));

const sign = ({ authenticator, browser }: Person, signed: Json): AuthenticationResponse =>
  authenticator.get(browser.origin, { challenge: sha256Base64url(canonicalBytes(signed)) });
