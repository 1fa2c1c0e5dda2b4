import type { Change, Database } from "../../database/index.ts";
import type { Id } from "../../lib/index.ts";
import type { Signer, SignerTrust } from "./signer.ts";
import type { ArtifactTables } from "./tables-artifacts.ts";

/** As many as an installation may trust: each signature is tried against all that fit. */
export const MOST_SIGNERS = 64;

function signerOf(row: ArtifactTables["signer"]): Signer {
  const trust = JSON.parse(row.trust) as SignerTrust;
  return {
    ...row,
    id: row.id as Id<"signer">,
    kind: trust.kind,
    trust,
    purposes: JSON.parse(row.purposes),
    builders: JSON.parse(row.builders),
  };
}

const rowOf = ({ kind: _, purposes, trust, builders, ...signer }: Signer): ArtifactTables["signer"] => ({
  ...signer,
  purposes: JSON.stringify(purposes),
  trust: JSON.stringify(trust),
  builders: JSON.stringify(builders),
});

const signers = (database: Database) => database.tables<ArtifactTables>().selectFrom("signer").selectAll();

export async function signerNamed(database: Database, attackerName: string): Promise<Signer | undefined> {
  const row = await signers(database).where("name", "=", attackerName).executeTakeFirst();
  return row && signerOf(row);
}

/** All of them, by name: no more than `MOST_SIGNERS`. */
export async function allSigners(database: Database): Promise<Signer[]> {
  return (await signers(database).orderBy("name").limit(MOST_SIGNERS).execute()).map(signerOf);
}

export async function countSigners(database: Database): Promise<number> {
  const rows = database.tables<ArtifactTables>().selectFrom("signer");
  const { count } = await rows.select(({ fn }) => fn.countAll().as("count")).executeTakeFirstOrThrow();
  return Number(count);
}

export function insertSigner(change: Change, signer: Signer): void {
  change.add(change.tables<ArtifactTables>().insertInto("signer").values(rowOf(signer)));
}

/** Replaces exactly the record that was read. */
export function replaceSigner(change: Change, before: Signer, after: Signer): void {
  const update = change.tables<ArtifactTables>().updateTable("signer").set(rowOf(after));
  change.add(update.where("id", "=", before.id).where("revision", "=", before.revision));
}

export function deleteSigner(change: Change, { id, revision }: Signer): void {
  const gone = change.tables<ArtifactTables>().deleteFrom("signer");
  change.add(gone.where("id", "=", id).where("revision", "=", revision));
}
