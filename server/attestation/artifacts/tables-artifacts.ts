import type { Migration } from "../../database/index.ts";

/** The tables of artifacts. Only their stores name them. */
export interface ArtifactTables {
  /** Whose signatures are taken, and for what. */
  signer: {
    name: string;
    id: string;
    purposes: string;
    trust: string;
    builders: string;
    fingerprint: string;
    updated: number;
    revision: number;
  };
  /** What an agent or a service must run. */
  artifact_requirement: {
    kind: string;
    principal: string;
    requirement: string;
    digest: string;
    updated: number;
    revision: number;
  };
  /** What every agent of an environment must show, whatever it declares itself. */
  artifact_rule: { environment: string; image: number; model: number; revision: number };
  /** A statement about an image, verified when it was brought. */
  image_statement: {
    id: string;
    image: string;
    kind: string;
    signer: string;
    fingerprint: string;
    /** SHA-256 of the signed bytes. */
    signed: string;
    provenance: string | null;
    expires: number | null;
    brought: number;
  };
  /** A cluster whose API server may ask. */
  admission_cluster: {
    name: string;
    id: string;
    hash: string;
    updated: number;
    revision: number;
  };
}

export const artifactMigrations: Migration[] = [
  {
    name: "attestation/0003-artifacts",
    async up(schema, types) {
      await schema
        .createTable("signer")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("id", types.text, (column) => column.notNull().unique())
        .addColumn("purposes", types.json, (column) => column.notNull())
        .addColumn("trust", types.json, (column) => column.notNull())
        .addColumn("builders", types.json, (column) => column.notNull())
        .addColumn("fingerprint", types.text, (column) => column.notNull())
        .addColumn("updated", types.instant, (column) => column.notNull())
        .addColumn("revision", types.integer, (column) => column.notNull())
        .execute();
      await schema
        .createTable("artifact_requirement")
        .addColumn("kind", types.text, (column) => column.notNull())
        .addColumn("principal", types.text, (column) => column.notNull())
        .addColumn("requirement", types.json, (column) => column.notNull())
        .addColumn("digest", types.text, (column) => column.notNull())
        .addColumn("updated", types.instant, (column) => column.notNull())
        .addColumn("revision", types.integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("artifact_requirement_whose", ["kind", "principal"])
        .execute();
      await schema
        .createTable("artifact_rule")
        .addColumn("environment", types.text, (column) => column.primaryKey())
        .addColumn("image", types.integer, (column) => column.notNull())
        .addColumn("model", types.integer, (column) => column.notNull())
        .addColumn("revision", types.integer, (column) => column.notNull())
        .execute();
      await schema
        .createTable("image_statement")
        .addColumn("id", types.text, (column) => column.primaryKey())
        .addColumn("image", types.text, (column) => column.notNull())
        .addColumn("kind", types.text, (column) => column.notNull())
        .addColumn("signer", types.text, (column) => column.notNull())
        .addColumn("fingerprint", types.text, (column) => column.notNull())
        .addColumn("signed", types.text, (column) => column.notNull())
        .addColumn("provenance", types.json)
        .addColumn("expires", types.instant)
        .addColumn("brought", types.instant, (column) => column.notNull())
        .addUniqueConstraint("image_statement_once", ["image", "signer", "fingerprint", "signed"])
        .execute();
      await schema
        .createTable("admission_cluster")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("id", types.text, (column) => column.notNull().unique())
        .addColumn("hash", types.text, (column) => column.notNull().unique())
        .addColumn("updated", types.instant, (column) => column.notNull())
        .addColumn("revision", types.integer, (column) => column.notNull())
        .execute();
    },
  },
];
