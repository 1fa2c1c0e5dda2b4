import { perRow } from "../database/index.ts";
import type { Agent } from "./agent.ts";
import { clientIdOf } from "./client.ts";
import type { RegistryTables } from "./tables.ts";

type Row = RegistryTables["agent"];

/** Members that are columns under another name. */
const RENAMED = {
  lastActive: "last_active",
  unattestedSince: "unattested_since",
  dormantAfter: "dormant_after",
  orphanedSince: "orphaned_since",
  graceEnds: "grace_ends",
} as const;

const ABSENT = {
  region: null,
  version: null,
  model: null,
  deployment: null,
  team: null,
  expires: null,
  strength: null,
  parent: null,
  autonomy: null,
  sensitivity: null,
  criticality: null,
  last_active: null,
  unattested_since: null,
  dormant_after: null,
  orphaned_since: null,
  grace_ends: null,
  watch: null,
} as const;

/** An agent as its row holds it. */
export function rowOf(agent: Agent): Row {
  const { client, under, triggers, givenAwayBy, grants, delegation, ...facts } = agent;
  const columns = Object.entries(facts).map(([name, value]) => [columnOf(name), value]);
  return {
    ...ABSENT,
    ...Object.fromEntries(columns),
    grants: JSON.stringify(grants),
    delegation: JSON.stringify(delegation),
    under: jsonOf(under),
    triggers: jsonOf(triggers),
    given_away_by: jsonOf(givenAwayBy),
    client: jsonOf(client),
    client_id: clientIdOf(client) ?? null,
    dormant_at: dormantAt(agent),
  };
}

/** What a row holds, as an agent. */
export const agentOf = perRow(
  ({ client_id: _, dormant_at: __, uncounted_since: ___, given_away_by: givers, ...row }: Row): Agent => {
    const facts = {
      ...row,
      grants: JSON.parse(row.grants),
      delegation: JSON.parse(row.delegation),
      client: read(row.client),
      under: read(row.under),
      triggers: read(row.triggers),
      givenAwayBy: read(givers),
    };
    const known = Object.entries(facts).filter(([, value]) => value !== null);
    return Object.fromEntries(known.map(([name, value]) => [memberOf(name), value])) as unknown as Agent;
  },
);

/** When the agent's own span of silence is over, should it do nothing until then. */
export const dormantAt = ({ dormantAfter, lastActive, created }: Agent): number | null =>
  dormantAfter === undefined ? null : (lastActive ?? created) + dormantAfter;

const MEMBERS = new Map<string, string>(Object.entries(RENAMED).map(([member, column]) => [column, member]));

const columnOf = (member: string): string => (RENAMED as Record<string, string>)[member] ?? member;
const memberOf = (column: string): string => MEMBERS.get(column) ?? column;

const jsonOf = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
const read = (json: string | null): unknown => (json === null ? null : JSON.parse(json));
