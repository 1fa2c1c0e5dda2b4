import type { Change, Database } from "../database/index.ts";
import type { AuthorityRecord, OwnBundle } from "./authority.ts";
import { BUNDLES_CHANNEL } from "./store.ts";
import type { AuthorityTables } from "./tables-authority.ts";

const encode = (der: Uint8Array): string => Buffer.from(der).toString("base64");
const decode = (text: string): Uint8Array => Buffer.from(text, "base64");

const recordOf = (row: AuthorityTables["authority"]): AuthorityRecord => ({
  kid: row.kid,
  element: JSON.parse(row.element),
  upstream: (JSON.parse(row.upstream) as string[]).map(decode),
  created: row.created,
  ...(row.certificate === null ? {} : { certificate: decode(row.certificate) }),
  ...(row.expires === null ? {} : { expires: row.expires }),
  ...(row.withdrawn === null ? {} : { withdrawn: row.withdrawn }),
});

/** All that are published now: a handful. */
export async function publishedAuthorities(database: Database): Promise<AuthorityRecord[]> {
  const rows = database.tables<AuthorityTables>().selectFrom("authority").selectAll();
  return (await rows.where("withdrawn", "is", null).execute()).map(recordOf);
}

/** Those of these keys that are known, withdrawn ones too. */
export async function authoritiesNamed(
  database: Database,
  kids: readonly string[],
): Promise<AuthorityRecord[]> {
  if (kids.length === 0) return [];
  const rows = database.tables<AuthorityTables>().selectFrom("authority").selectAll();
  return (await rows.where("kid", "in", [...kids]).execute()).map(recordOf);
}

/** Whoever comes first says what the key's certificate is. */
export function insertAuthority(change: Change, record: AuthorityRecord): void {
  const row = {
    kid: record.kid,
    element: JSON.stringify(record.element),
    certificate: record.certificate === undefined ? null : encode(record.certificate),
    upstream: JSON.stringify(record.upstream.map(encode)),
    created: record.created,
    expires: record.expires ?? null,
    withdrawn: null,
  };
  change.add(change.tables<AuthorityTables>().insertInto("authority").values(row));
}

export function withdrawAuthority(change: Change, kid: string, withdrawn: number): void {
  const update = change.tables<AuthorityTables>().updateTable("authority").set({ withdrawn });
  change.add(update.where("kid", "=", kid).where("withdrawn", "is", null));
}

export async function ownBundle(database: Database, trustDomain: string): Promise<OwnBundle | undefined> {
  const rows = database.tables<AuthorityTables>().selectFrom("own_bundle").selectAll();
  const row = await rows.where("trust_domain", "=", trustDomain).executeTakeFirst();
  return row && { sequence: row.sequence, keys: JSON.parse(row.keys), updated: row.updated };
}

/** Puts a bundle in the place of exactly the one that was read, or of none. */
export function writeOwnBundle(
  change: Change,
  trustDomain: string,
  before: OwnBundle | undefined,
  { sequence, keys, updated }: OwnBundle,
): void {
  change.announce(BUNDLES_CHANNEL);
  const row = { sequence, keys: JSON.stringify(keys), updated };
  const tables = change.tables<AuthorityTables>();
  if (before === undefined) {
    change.add(tables.insertInto("own_bundle").values({ trust_domain: trustDomain, ...row }));
    return;
  }
  const update = tables.updateTable("own_bundle").set(row).where("trust_domain", "=", trustDomain);
  change.add(update.where("sequence", "=", before.sequence));
}
