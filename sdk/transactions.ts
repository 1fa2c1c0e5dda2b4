import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize } from "@countersign/proof/jcs";
import { parseSpiffeId } from "@countersign/proof/spiffe-id";
import { txnTokenType } from "@countersign/proof/txn-token";
import { Unreachable } from "./errors.ts";
import type { Instance } from "./instance.ts";
import type { ToolCall } from "./protection.ts";

/** What a service may say of the request that it serves. */
export interface RequestContext {
  /** The address that it came from. */
  readonly ip?: string;
}

/** Transaction tokens for services: by them those behind a service know whose call they serve. */
export interface Transactions {
  /**
   * For a call that this service serves, and has recorded.
   *
   * @throws Refused, Unreachable
   */
  begin(accessToken: string, call: ToolCall, context?: RequestContext): Promise<string>;
  /** For a transaction that this service received, to go on with it. @throws Refused, Unreachable */
  goOn(txnToken: string): Promise<string>;
  /** Spends a token that this service received. @throws Refused when it was spent before, or has ended; Unreachable */
  spend(txnToken: string): Promise<void>;
}

export function transactionsOf(instance: Instance): Transactions {
  const audience = parseSpiffeId(instance.id).trustDomain;
  const exchange = async (form: Readonly<Record<string, string>>): Promise<string> => {
    const { access_token, issued_token_type } = await instance.exchange({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      requested_token_type: txnTokenType,
      audience,
      ...form,
    });
    if (typeof access_token === "string" && issued_token_type === txnTokenType) return access_token;
    throw new Unreachable("the token endpoint answered no transaction token");
  };
  return {
    begin: (accessToken, { tool, args }, { ip } = {}) =>
      exchange({
        scope: tool,
        subject_token: accessToken,
        subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
        request_details: JSON.stringify({ tool, args_hash: sha256Base64url(canonicalize(args)) }),
        ...(ip === undefined ? {} : { request_context: JSON.stringify({ req_ip: ip }) }),
      }),
    goOn: (txnToken) => exchange({ subject_token: txnToken, subject_token_type: txnTokenType }),
    async spend(txnToken) {
      await instance.ask("POST", "/oauth/transactions", { txn_token: txnToken });
    },
  };
}
