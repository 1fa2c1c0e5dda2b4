import type { Json } from "@countersign/proof/jcs";
import type { Conversation } from "./conversation.ts";
import { within } from "./directory.ts";
import { bindExternally, type Signer } from "./signed-request.ts";
import type { StateFolder } from "./state-folder.ts";

/** An account that the authority has given a URL. */
export type Account = Signer & { readonly account: string };

/**
 * The account here, made there where there is none yet: the operator has agreed to the terms.
 * @throws AuthorityRefusal, Fault `unavailable`, Error
 * @see RFC 8555 §7.3
 */
export async function accountAt(conversation: Conversation, folder: StateFolder): Promise<Account> {
  const { asking, directory } = conversation;
  const { key, url } = await folder.account();
  if (url !== undefined) return { key, account: within(asking, url) };
  if (directory.externalAccountRequired && asking.eab === undefined)
    throw new Error("the authority wants an account of its own: give --acme-eab-kid and --acme-eab-key-file");
  const binding = asking.eab && bindExternally(asking.eab, { key, url: directory.newAccount });
  const said: Json = {
    termsOfServiceAgreed: true,
    ...(asking.email === undefined ? {} : { contact: [`mailto:${asking.email}`] }),
    ...(binding === undefined ? {} : { externalAccountBinding: binding }),
  };
  const { headers } = await conversation.post({ key }, directory.newAccount, said);
  const account = within(asking, headers.location);
  await folder.keepAccount(key, account);
  return { key, account };
}
