import { Fault } from "../../lib/index.ts";
import { type Form, parameter } from "../parameters.ts";
import { exchangeDelegation } from "./exchange/delegation.ts";
import type { Exchange } from "./exchange/exchange.ts";
import { exchangeForIdJag } from "./exchange/id-jag.ts";
import { exchangeForWarrant } from "./exchange/mint-warrant.ts";
import { exchangeForTransaction } from "./exchange/txn-token.ts";
import { exchangeWarrantChain } from "./exchange/warrant-chain.ts";
import type { GrantHandler } from "./index.ts";

/** All kinds that there are. */
const exchanges: readonly Exchange[] = [
  exchangeDelegation,
  exchangeForWarrant,
  exchangeWarrantChain,
  exchangeForIdJag,
  exchangeForTransaction,
];

/**
 * One token for another. Which kind it is, the types say that the request names; types that nobody takes
 * together are refused.
 * @see RFC 8693 §2
 */
export const tokenExchange: GrantHandler = {
  grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
  async handle(deps, change, client, form) {
    return exchangeFor(form).handle(deps, change, client, form);
  },
};

function exchangeFor(form: Form): Exchange {
  parameter(form, "subject_token_type");
  const exchange = exchanges.find((each) => each.takes(form));
  if (exchange !== undefined) return exchange;
  throw new Fault("invalid-request", "These token types are not exchanged here.", {
    remedy: "See the documentation for which subject tokens can be exchanged for what.",
  });
}
