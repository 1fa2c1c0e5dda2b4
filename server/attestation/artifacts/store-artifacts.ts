import { type Kysely, sql } from "kysely";
import { type Change, type Database, type Given, reading, writing } from "../../database/index.ts";
import type { Id } from "../../lib/index.ts";
import type { Environment } from "../../registry/index.ts";
import type { ImageStatement } from "./image-statement.ts";
import type { ArtifactRequirement } from "./requirement.ts";
import type { ArtifactTables } from "./tables-artifacts.ts";

/** Whose requirement it is. */
export interface Whose {
  readonly kind: "agent" | "service";
  /** The agent's name, or the service's id. */
  readonly principal: string;
}

/** What is required of somebody, as it stands on record. */
export interface Required extends Whose {
  readonly requirement: ArtifactRequirement;
  readonly digest: string;
  readonly updated: number;
  readonly revision: number;
}

/** What every agent of an environment must show. */
export interface EnvironmentRule {
  readonly environment: Environment;
  readonly image: boolean;
  readonly model: boolean;
  readonly revision: number;
}

/** The newest of an image: a signer says few things about one. */
const MOST_STATEMENTS = 200;

export async function requirementOf(
  database: Database,
  { kind, principal }: Whose,
): Promise<Required | undefined> {
  const [row] = await requirementBy(database, { kind, principal });
  return row && ({ ...row, requirement: JSON.parse(row.requirement) } as Required);
}

const requirementBy = reading((tables: Kysely<ArtifactTables>, given: Given<Whose>) =>
  tables
    .selectFrom("artifact_requirement")
    .selectAll()
    .where("kind", "=", given("kind"))
    .where("principal", "=", given("principal")),
);

const requirementRow = ({ requirement, ...required }: Required) => ({
  ...required,
  requirement: JSON.stringify(requirement),
});

export function insertRequirement(change: Change, required: Required): void {
  change.add(
    change.tables<ArtifactTables>().insertInto("artifact_requirement").values(requirementRow(required)),
  );
}

/** Replaces exactly the record that was read. */
export function replaceRequirement(change: Change, before: Required, after: Required): void {
  const update = change
    .tables<ArtifactTables>()
    .updateTable("artifact_requirement")
    .set(requirementRow(after));
  change.add(
    update
      .where("kind", "=", before.kind)
      .where("principal", "=", before.principal)
      .where("revision", "=", before.revision),
  );
}

/** What was demanded of somebody, by the revision of what is declared and by how far the rules had come. */
export interface ReadDemands {
  readonly of: Whose;
  readonly requirement: number;
  readonly rules: number;
}

/** Guards that nothing else is demanded of them when the change commits. */
export function requireDemands(
  change: Change,
  { of: { kind, principal }, requirement, rules }: ReadDemands,
): void {
  change.require(demandedSo(change, { kind, principal, requirement, rules }));
}

const demandedSo = writing(
  (tables: Kysely<ArtifactTables>, given: Given<Whose & { requirement: number; rules: number }>) => {
    const otherwise = tables
      .selectFrom("artifact_requirement")
      .select("principal")
      .where("kind", "=", given("kind"))
      .where("principal", "=", given("principal"))
      .where("revision", "!=", given("requirement"));
    const come = tables
      .selectFrom("artifact_rule")
      .select(sql<number>`coalesce(sum(revision + 1), 0)`.as("come"));
    return tables
      .selectNoFrom(sql.lit(1).as("same"))
      .where((is) => is.and([is.not(is.exists(otherwise)), is(come, "=", given("rules"))]));
  },
);

export async function environmentRules(database: Database): Promise<EnvironmentRule[]> {
  return (await allRules(database, {})).map(({ environment, image, model, revision }) => ({
    environment: environment as Environment,
    image: image === 1,
    model: model === 1,
    revision,
  }));
}

const allRules = reading((tables: Kysely<ArtifactTables>) => tables.selectFrom("artifact_rule").selectAll());

const ruleRow = ({ image, model, ...rule }: EnvironmentRule) => ({
  ...rule,
  image: image ? 1 : 0,
  model: model ? 1 : 0,
});

export function putRule(change: Change, before: EnvironmentRule | undefined, after: EnvironmentRule): void {
  const tables = change.tables<ArtifactTables>();
  if (before === undefined) change.add(tables.insertInto("artifact_rule").values(ruleRow(after)));
  else {
    const update = tables.updateTable("artifact_rule").set(ruleRow(after));
    change.add(update.where("environment", "=", before.environment).where("revision", "=", before.revision));
  }
}

/** The one that is known already, if it is. */
export async function sameStatement(
  database: Database,
  { image, signer, fingerprint, signed }: ImageStatement,
): Promise<ImageStatement | undefined> {
  const row = await database
    .tables<ArtifactTables>()
    .selectFrom("image_statement")
    .selectAll()
    .where("image", "=", image)
    .where("signer", "=", signer)
    .where("fingerprint", "=", fingerprint)
    .where("signed", "=", signed)
    .executeTakeFirst();
  return row && statementOf(row);
}

export async function statementsOf(database: Database, image: string): Promise<ImageStatement[]> {
  const rows = database.tables<ArtifactTables>().selectFrom("image_statement").selectAll();
  const newest = rows.where("image", "=", image).orderBy("id", "desc").limit(MOST_STATEMENTS);
  return (await newest.execute()).map(statementOf);
}

const statementOf = ({
  id,
  kind,
  signer,
  provenance,
  expires,
  ...row
}: ArtifactTables["image_statement"]): ImageStatement => ({
  ...row,
  id: id as Id<"statement">,
  kind: kind as ImageStatement["kind"],
  signer: signer as Id<"signer">,
  ...(provenance === null ? {} : { provenance: JSON.parse(provenance) }),
  ...(expires === null ? {} : { expires }),
});

export function insertStatement(change: Change, { provenance, expires, ...statement }: ImageStatement): void {
  const row = {
    ...statement,
    provenance: provenance === undefined ? null : JSON.stringify(provenance),
    expires: expires ?? null,
  };
  change.add(change.tables<ArtifactTables>().insertInto("image_statement").values(row));
}

/** Lets a statement count for longer, from exactly the time that was read. */
export function prolongStatement(change: Change, before: ImageStatement, after: ImageStatement): void {
  const update = change.tables<ArtifactTables>().updateTable("image_statement");
  const longer = update.set({ expires: after.expires ?? null }).where("id", "=", before.id);
  change.add(longer.where("expires", before.expires === undefined ? "is" : "=", before.expires ?? null));
}
