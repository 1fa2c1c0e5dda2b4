import { z } from "zod";
import { route } from "../http/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { receiveTransaction } from "./receive-transaction.ts";

export const transactions = route<OauthDeps>()({
  summary: "A service spends the transaction token that came with a call, before it changes anything for it.",
  body: z.strictObject({ txn_token: z.string().max(16_384) }),
  answers: { 200: z.object({ txn: z.string() }) },
  handle: async (deps, caller, { body }) => ({
    status: 200,
    body: await receiveTransaction(deps, caller, { attackerToken: body.txn_token }),
  }),
});
