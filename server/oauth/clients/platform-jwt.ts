import { clientAssertionType } from "@countersign/proof/client-assertion";
import { admitFederated, isPlatformIssuer } from "../../attestation/index.ts";
import { type Code, Fault } from "../../lib/index.ts";
import { issuerNamedIn } from "../../login/index.ts";
import { proveAnyKey } from "../dpop.ts";
import { refuseSpent } from "../one-time-proof.ts";
import { type ClientMethod, callerOf, connects, notProven, type Offered } from "./method.ts";

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** Of whom the client is a running copy, where several agents share what a platform says of them. */
const AGENT = "countersign_agent";

/**
 * A workload brings a token of the platform that it runs on, as its assertion: of who it is, or, with the grant of
 * RFC 7523 §2.1, of what it may have besides, which is what its agent may on its own. It names no key, so the request
 * itself must come with a DPoP proof, whose key is the copy's from then on.
 * @see RFC 7523 §2.1, §2.2; RFC 7521 §4.2
 */
export const platformJwt: ClientMethod = {
  certificate: false,
  async isMeant(deps, offered) {
    const attackerToken = connects(offered) ? undefined : tokenIn(offered);
    // What our own copies sign names themselves, by SPIFFE IDs: nobody's address.
    const issuer = attackerToken === undefined ? undefined : issuerNamedIn(attackerToken);
    return issuer !== undefined && !issuer.startsWith("spiffe://") && isPlatformIssuer(deps, issuer);
  },
  async authenticate(deps, offered) {
    const { source, form, request } = offered;
    const attackerToken = tokenIn(offered);
    if (attackerToken === undefined || request === undefined) throw notProven();
    const { jwk, jkt, proof } = proveAnyKey(deps, request);
    await refuseSpent(deps, proof);
    const agent = form[AGENT];
    const offeredWorkload = { attackerToken, jwk, ...(agent === undefined ? {} : { agent }) };
    const { instance, rev } = await admitFederated(deps, source, offeredWorkload).catch((fault) => {
      throw inWordsOfOauth(fault, isGrant(offered) ? "invalid-grant" : "invalid-client");
    });
    if (form.client_id !== undefined && form.client_id !== instance.id) throw notProven();
    return {
      instance,
      caller: callerOf(instance, offered, "platform-token"),
      binding: { cnf: { jkt } },
      once: [proof],
      rev,
    };
  },
};

/** Whether the platform's token is the authorization grant itself, with which the client authenticates as well. */
export const isGrant = ({ form }: Pick<Offered, "form">): boolean =>
  form.grant_type === JWT_BEARER &&
  form.client_assertion === undefined &&
  form.client_assertion_type === undefined;

function tokenIn(offered: Offered): string | undefined {
  const { form } = offered;
  if (isGrant(offered)) return form.assertion;
  return form.client_assertion_type === clientAssertionType ? form.client_assertion : undefined;
}

/** What was refused is on record already, and is told as this endpoint tells it. */
function inWordsOfOauth(fault: unknown, code: Code): unknown {
  if (!(fault instanceof Fault) || !TOLD_SO.includes(fault.code)) return fault;
  const { message, remedy, members, record, recordedAs } = fault;
  const told = new Fault(code, message, {
    ...(remedy === undefined ? {} : { remedy }),
    members,
    record,
    cause: fault,
  });
  told.recordedAs = recordedAs;
  return told;
}

const TOLD_SO: readonly Code[] = ["unauthenticated", "replayed", "gone", "exists"];
