import type { KeyObject } from "node:crypto";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { z } from "zod";
import type { OutsideAnswer } from "../http/index.ts";
import { minutes } from "../lib/index.ts";
import { readAs } from "./read-answer.ts";
import { AuthorityRefusal } from "./refusal.ts";
import type { Asking, ChallengeType } from "./settings.ts";
import type { PendingChallenge } from "./state-folder.ts";

const challenge = z.looseObject({
  type: z.string(),
  url: z.string().optional(),
  token: z.string().optional(),
  error: z.unknown().optional(),
});
const authorization = z.looseObject({
  identifier: z.looseObject({ type: z.string(), value: z.string() }),
  status: z.string(),
  challenges: z.array(challenge).max(32),
  wildcard: z.boolean().optional(),
});
export type Authorization = z.infer<typeof authorization>;

/** 128 bits at least; and it becomes a part of a path. @see RFC 8555 §8.1 */
const TOKEN = /^[A-Za-z0-9_-]{22,256}$/;
/** Longer than we wait for an end. */
const LIFE = minutes(15);

/** @throws Error for an authorization of another name than was asked for */
export function readAuthorization({ name }: Asking, attackerAnswer: OutsideAnswer): Authorization {
  const read = readAs("authorization", authorization, attackerAnswer);
  const { type, value } = read.identifier;
  if (type === "dns" && value.toLowerCase() === name && read.wildcard !== true) return read;
  throw new Error("the authority wants something else proven than the name that was asked for");
}

/** @returns whether the name counts as proven; nothing while that is open @throws AuthorityRefusal */
export function settledAs({ status, challenges }: Authorization, type: ChallengeType): true | undefined {
  if (status === "valid") return true;
  if (status === "pending" || status === "processing") return undefined;
  throw new AuthorityRefusal(challenges.find((each) => each.type === type)?.error, undefined);
}

/** The one challenge that is answered here, and what answers it. @throws Error */
export function challengeIn(
  { challenges }: Authorization,
  { type, key, now }: { readonly type: ChallengeType; readonly key: KeyObject; readonly now: number },
): { url: string | undefined; pending: PendingChallenge } {
  const offered = challenges.find((each) => each.type === type);
  if (offered === undefined)
    throw new Error(`the authority does not offer ${type}; it offers ${offeredOf(challenges)}`);
  const { url, token = "" } = offered;
  if (!TOKEN.test(token)) throw new Error("the authority's token is none");
  const keyAuthorization = `${token}.${thumbprint(publicJwkOf(key))}`;
  return { url, pending: { type, token, keyAuthorization, expires: now + LIFE } };
}

const offeredOf = (attackerChallenges: readonly { type: string }[]): string =>
  attackerChallenges.flatMap(({ type }) => (/^[a-z0-9-]{1,30}$/.test(type) ? [type] : [])).join(", ") ||
  "nothing that we know";
