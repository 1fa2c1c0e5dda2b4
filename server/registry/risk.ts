import type { Change, Database, DatabaseDeps } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import type { AgentName } from "../lib/index.ts";
import type { Page } from "./page.ts";
import { instanceRisk, instanceRisksAfter, putInstanceRisk } from "./store-risk.ts";

/** How risky a running copy was found to be, and what that is made of. Who finds it is a later room's matter. */
export interface RiskRecord {
  /** A SPIFFE ID. */
  readonly instance: string;
  readonly agent: AgentName;
  /** 0 to 100. */
  readonly score: number;
  readonly parts: Readonly<Record<string, number>>;
  /** When it was found, in milliseconds since the epoch. */
  readonly at: number;
}

/** Adds to a change that this is the risk of an instance from now on. Housekeeping: it needs no event. */
export const keepRisk = (change: Change, record: RiskRecord): void => putInstanceRisk(change, record);

/** What is on record of an instance, however old. */
export const findRisk = (
  { database }: { readonly database: Database },
  instance: string,
): Promise<RiskRecord | undefined> => instanceRisk(database, instance);

/** A page of what is on record of an agent's instances. */
export async function listRisks(
  { database }: DatabaseDeps,
  agent: AgentName,
  page: Page,
): Promise<{ items: RiskRecord[]; next?: string }> {
  const records = await instanceRisksAfter(database, agent, { ...page, limit: page.limit + 1 });
  return cutPage(records, page.limit, ({ instance }) => instance);
}
