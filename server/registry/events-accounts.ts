import { z } from "zod";
import { conceal, declareEvent } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Account } from "./account.ts";
import { defined } from "./record.ts";
import type { RegistryDeps } from "./registry-deps.ts";

const facts = z.object({
  account: z.string(),
  kind: z.string(),
  system: z.string(),
  /** Commitment to where it is and what it is called there. */
  where: z.string(),
  owner: z.string().optional(),
  privilege: z.string(),
  sensitivity: z.string(),
  environment: z.string().optional(),
  static: z.boolean(),
  state: z.string(),
});

/** The facts of an account that its events hold: what it is called elsewhere may be a person's name. */
export function accountFacts(deps: RegistryDeps, change: Change, account: Account) {
  const { id, kind, system, place, name, scope, owner } = account;
  const { privilege, sensitivity, environment, state } = account;
  const where = conceal(deps, change, "installation", { place, name, ...defined({ scope }) });
  return {
    ...defined({ account: id, kind, system, where, owner, privilege, sensitivity, environment, state }),
    static: account.static,
  };
}

export const accountInventoried = declareEvent(
  "account.inventoried",
  "An identity that exists elsewhere was taken into the inventory. It authenticates nobody here.",
  facts,
);

export const accountUpdated = declareEvent(
  "account.updated",
  "What is known of an identity elsewhere was changed.",
  facts.extend({ changed: z.array(z.string()) }),
);

const inState = z.object({ account: z.string(), state: z.string() });

export const accountAdopted = declareEvent(
  "account.adopted",
  "An agent works by an identity elsewhere; it was given nothing by that.",
  inState,
);

export const accountReleased = declareEvent(
  "account.released",
  "The agent that worked by an identity elsewhere has ended; the identity may still be there.",
  inState,
);

export const accountRetired = declareEvent(
  "account.retired",
  "An identity elsewhere is gone, or nobody needs it.",
  inState,
);

export const accountHandedOver = declareEvent(
  "account.handed-over",
  "Another person answers for an identity elsewhere.",
  z.object({ account: z.string(), from: z.string(), to: z.string() }),
);

export const accountEvents = [
  accountInventoried,
  accountUpdated,
  accountAdopted,
  accountReleased,
  accountRetired,
  accountHandedOver,
];
