import type { Change, Database } from "../database/index.ts";
import type { Id, ServiceId } from "../lib/index.ts";
import type { ForeignWorkload } from "./foreign-workload.ts";
import type { SpiffeTables } from "./tables.ts";
import type { TrustDomain } from "./trust-domain.ts";

interface Page {
  readonly after?: string | undefined;
  readonly limit: number;
}

const domainOf = ({
  bundle,
  endpoint,
  endpoint_id,
  id,
  ...row
}: SpiffeTables["trust_domain"]): TrustDomain => ({
  ...row,
  id: id as Id<"domain">,
  ...(endpoint === null ? {} : { endpoint }),
  ...(endpoint_id === null ? {} : { endpointId: endpoint_id }),
  document: JSON.parse(bundle),
});

const rowOf = ({ document, endpoint, endpointId, ...domain }: TrustDomain): SpiffeTables["trust_domain"] => ({
  ...domain,
  endpoint: endpoint ?? null,
  endpoint_id: endpointId ?? null,
  bundle: JSON.stringify(document),
});

const workloadOf = (row: SpiffeTables["foreign_workload"]): ForeignWorkload => ({
  id: row.id as Id<"workload">,
  trustDomain: row.trust_domain,
  spiffeId: row.spiffe_id,
  stands: row.kind === "agent" ? { agent: row.principal } : { service: row.principal as ServiceId },
  created: row.created,
});

export async function domainNamed(
  database: Database,
  attackerName: string,
): Promise<TrustDomain | undefined> {
  const domains = database.tables<SpiffeTables>().selectFrom("trust_domain").selectAll();
  const row = await domains.where("name", "=", attackerName).executeTakeFirst();
  return row && domainOf(row);
}

export async function domainsAfter(database: Database, { after = "", limit }: Page): Promise<TrustDomain[]> {
  const domains = database.tables<SpiffeTables>().selectFrom("trust_domain").selectAll();
  return (await domains.where("name", ">", after).orderBy("name").limit(limit).execute()).map(domainOf);
}

/** All of them: as many as an administrator has configured. */
export async function everyDomain(database: Database): Promise<TrustDomain[]> {
  const domains = database.tables<SpiffeTables>().selectFrom("trust_domain").selectAll();
  return (await domains.orderBy("name").execute()).map(domainOf);
}

/** All whose bundle is fetched: as many as an administrator has registered. */
export async function domainsWithEndpoint(database: Database): Promise<TrustDomain[]> {
  const domains = database.tables<SpiffeTables>().selectFrom("trust_domain").selectAll();
  return (await domains.where("endpoint", "is not", null).orderBy("name").execute()).map(domainOf);
}

export function insertDomain(change: Change, domain: TrustDomain): void {
  change.add(change.tables<SpiffeTables>().insertInto("trust_domain").values(rowOf(domain)));
  change.announce(BUNDLES_CHANNEL);
}

/** Announced by every change of a bundle, our own or another's. */
export const BUNDLES_CHANNEL = "bundles";

/** Replaces exactly the record that was read. */
export function replaceDomain(change: Change, before: TrustDomain, after: TrustDomain): void {
  const update = change.tables<SpiffeTables>().updateTable("trust_domain").set(rowOf(after));
  change.add(update.where("id", "=", before.id).where("revision", "=", before.revision));
  change.announce(BUNDLES_CHANNEL);
}

/** Removes a trust domain, and with it whoever of it stood for somebody. */
export function deleteDomain(change: Change, { id, name }: TrustDomain): void {
  const tables = change.tables<SpiffeTables>();
  change.add(tables.deleteFrom("trust_domain").where("id", "=", id));
  change.add(tables.deleteFrom("foreign_workload").where("trust_domain", "=", name), { rows: "any" });
  change.announce(BUNDLES_CHANNEL);
}

/** Guards that the trust domain is still the one that was read. */
export function requireDomain(change: Change, { id }: Pick<TrustDomain, "id">): void {
  const domains = change.tables<SpiffeTables>().selectFrom("trust_domain").select("id");
  change.require(domains.where("id", "=", id));
}

export async function workloadsRegisteredAs(
  database: Database,
  spiffeIds: readonly string[],
): Promise<ForeignWorkload[]> {
  const workloads = database.tables<SpiffeTables>().selectFrom("foreign_workload").selectAll();
  return (await workloads.where("spiffe_id", "in", [...spiffeIds]).execute()).map(workloadOf);
}

export async function workloadsOf(
  database: Database,
  trustDomain: string,
  { after = "", limit }: Page,
): Promise<ForeignWorkload[]> {
  const workloads = database.tables<SpiffeTables>().selectFrom("foreign_workload").selectAll();
  const page = workloads.where("trust_domain", "=", trustDomain).where("id", ">", after);
  return (await page.orderBy("id").limit(limit).execute()).map(workloadOf);
}

export function insertWorkload(change: Change, { stands, ...workload }: ForeignWorkload): void {
  change.add(
    change
      .tables<SpiffeTables>()
      .insertInto("foreign_workload")
      .values({
        id: workload.id,
        trust_domain: workload.trustDomain,
        spiffe_id: workload.spiffeId,
        kind: "agent" in stands ? "agent" : "service",
        principal: "agent" in stands ? stands.agent : stands.service,
        created: workload.created,
      }),
  );
}

export function deleteWorkload(change: Change, { id }: ForeignWorkload): void {
  change.add(change.tables<SpiffeTables>().deleteFrom("foreign_workload").where("id", "=", id));
}
