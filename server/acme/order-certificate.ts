import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { encodeBase64url } from "@countersign/proof/digest";
import { signBytes } from "@countersign/proof/jws";
import { certificateOf, ecdsaSignature, requestToSign } from "@countersign/proof/x509";
import { z } from "zod";
import type { OutsideAnswer } from "../http/index.ts";
import { type Account, accountAt } from "./account.ts";
import type { AcmeDeps } from "./acme-deps.ts";
import { challengeIn, readAuthorization, settledAs } from "./challenge.ts";
import type { Conversation } from "./conversation.ts";
import { within } from "./directory.ts";
import { judgeChain } from "./judge-chain.ts";
import { pollUntil } from "./poll.ts";
import { readAs } from "./read-answer.ts";
import { AuthorityRefusal } from "./refusal.ts";
import type { PendingChallenge, StateFolder } from "./state-folder.ts";

const newPair = promisify(generateKeyPair);

const order = z.looseObject({
  status: z.string(),
  identifiers: z.array(z.looseObject({ type: z.string(), value: z.string() })),
  authorizations: z.array(z.string()),
  finalize: z.string(),
  certificate: z.string().optional(),
  error: z.unknown().optional(),
});
type Order = z.infer<typeof order>;

/** What stands for us where the authority looks. */
export interface Answering {
  /** Returns once it is answered wherever the authority may come. */
  begin(challenge: PendingChallenge): Promise<void>;
  end(): Promise<void>;
}

/** A certificate that was judged, and its key, in PEM. */
export interface Issued {
  readonly key: string;
  readonly chain: string;
  readonly expires: number;
}

/**
 * Orders a certificate, from the account to what is judged before it is served: the visible list of steps.
 * @throws AuthorityRefusal, Fault `unavailable`, Error
 * @see RFC 8555 §7.4
 */
export async function orderCertificate(
  deps: AcmeDeps,
  conversation: Conversation,
  folder: StateFolder,
  answering: Answering,
): Promise<Issued> {
  const account = await accountAt(conversation, folder);
  const { url, authorization } = await placeOrder(conversation, account);
  await prove(deps, conversation, account, { url: authorization, answering });
  const current = () => conversation.post(account, url);
  const ready = await pollUntil(deps, current, (answer) => settled(readOrder(answer), "ready"));
  const { privateKey, publicKey } = await newPair("ec", { namedCurve: "P-256" });
  const csr = requestFor(conversation, { privateKey, publicKey });
  await conversation.post(account, within(conversation.asking, ready.finalize), { csr });
  const valid = await pollUntil(deps, current, (answer) => settled(readOrder(answer), "valid"));
  const { body } = await conversation.post(
    account,
    within(conversation.asking, valid.certificate),
    undefined,
    "application/pem-certificate-chain",
  );
  const { name } = conversation.asking;
  const wanted = { key: privateKey, name, now: deps.clock.now() };
  const judged = judgeChain(Buffer.from(body).toString("latin1"), wanted);
  return { ...judged, key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}

async function placeOrder(conversation: Conversation, account: Account) {
  const { asking, directory } = conversation;
  const identifiers = [{ type: "dns", value: asking.name }];
  const answer = await conversation.post(account, directory.newOrder, { identifiers });
  const { authorizations, ...placed } = readOrder(answer);
  const [identifier, ...others] = placed.identifiers;
  const ours = identifier?.type === "dns" && identifier.value.toLowerCase() === asking.name;
  if (!ours || others.length > 0 || authorizations.length !== 1)
    throw new Error("the authority's order is for something else than the name that was asked for");
  return {
    url: within(asking, answer.headers.location),
    authorization: within(asking, authorizations[0]),
  };
}

/** Answers the challenge of our kind for as long as the authority looks, and not longer. @see RFC 8555 §7.5.1 */
async function prove(
  deps: AcmeDeps,
  conversation: Conversation,
  account: Account,
  { url, answering }: { readonly url: string; readonly answering: Answering },
): Promise<void> {
  const { asking } = conversation;
  const type = asking.challenge;
  const current = () => conversation.post(account, url);
  const first = readAuthorization(asking, await current());
  if (settledAs(first, type)) return;
  const challenge = challengeIn(first, { type, key: account.key, now: deps.clock.now() });
  try {
    await answering.begin(challenge.pending);
    await conversation.post(account, within(asking, challenge.url), {});
    await pollUntil(deps, current, (answer) => settledAs(readAuthorization(asking, answer), type));
  } finally {
    await answering.end();
  }
}

const readOrder = (attackerAnswer: OutsideAnswer): Order => readAs("order", order, attackerAnswer);

/** @param step the state that is waited for @throws AuthorityRefusal where it will not come */
function settled(found: Order, step: "ready" | "valid"): Order | undefined {
  if (found.status === step) return found;
  const before = step === "ready" ? ["pending"] : ["ready", "processing"];
  if (before.includes(found.status)) return undefined;
  throw new AuthorityRefusal(found.error, undefined);
}

function requestFor(
  { asking: { name } }: Conversation,
  { privateKey, publicKey }: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
): string {
  const spki = publicKey.export({ type: "spki", format: "der" });
  const toSign = requestToSign({ dnsName: name, spki });
  return encodeBase64url(certificateOf(toSign, ecdsaSignature(signBytes(toSign, privateKey))));
}
