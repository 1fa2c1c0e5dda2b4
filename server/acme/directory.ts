import { z } from "zod";
import { askOutside } from "../http/index.ts";
import { seconds } from "../lib/index.ts";
import { readAs } from "./read-answer.ts";
import type { Asking } from "./settings.ts";

/** Authorities take their time; nobody waits here but us. */
export const PATIENCE = seconds(20);
/** What every request says of itself. @see RFC 8555 §6.1 */
export const USER_AGENT = { "user-agent": "countersign" } as const;

const LONGEST_URL = 2_048;

const directory = z.looseObject({
  newNonce: z.string(),
  newAccount: z.string(),
  newOrder: z.string(),
  renewalInfo: z.string().optional(),
  meta: z
    .looseObject({
      termsOfService: z.string().optional(),
      externalAccountRequired: z.boolean().optional(),
    })
    .optional(),
});

/** Where an authority does what. */
export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly renewalInfo: string | undefined;
  readonly terms: string | undefined;
  readonly externalAccountRequired: boolean;
}

/** @throws Fault `unavailable`, Error @see RFC 8555 §7.1.1 */
export async function fetchDirectory(asking: Asking): Promise<Directory> {
  const answer = await askOutside(asking.outbound, {
    url: asking.directory.href,
    registered: asking.registered,
    timeoutMs: PATIENCE,
    headers: USER_AGENT,
  });
  if (answer.status !== 200) throw new Error(`the directory answers ${answer.status}`);
  const { meta, renewalInfo, ...said } = readAs("directory", directory, answer);
  return {
    newNonce: within(asking, said.newNonce),
    newAccount: within(asking, said.newAccount),
    newOrder: within(asking, said.newOrder),
    renewalInfo: renewalInfo === undefined ? undefined : within(asking, renewalInfo),
    terms: meta?.termsOfService?.slice(0, LONGEST_URL),
    externalAccountRequired: meta?.externalAccountRequired === true,
  };
}

/**
 * A URL that the authority tells, where it is one of its own: same host, same port, over https. The operator has
 * named one place, which may be in a private network; its word sends us nowhere else there.
 * @throws Error
 */
export function within({ directory }: Pick<Asking, "directory">, attackerUrl: string | undefined): string {
  const url = attackerUrl !== undefined && URL.canParse(attackerUrl) ? new URL(attackerUrl) : undefined;
  if (url === undefined || url.href.length > LONGEST_URL) throw new Error("the authority tells no URL");
  if (url.origin === directory.origin && url.username === "" && url.password === "") return url.href;
  throw new Error(`the authority tells a URL of ${url.origin}, which is not its own`);
}
