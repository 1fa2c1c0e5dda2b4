import type { Migration } from "../database/index.ts";

/** The company's sign-ins, and who their subjects are here. */
export interface IdentityProviderTables {
  identity_provider: {
    name: string;
    issuer: string;
    definition: string;
    state: string;
    epoch: number;
    revision: number;
    defined_at: number;
  };
  provider_subject: { provider: string; subject: string; person: string; linked_at: number };
  /** Subjects that an administrator has said are nobody's here, whatever address they come with. */
  unlinked_subject: { provider: string; subject: string; at: number };
}

export const identityProviderMigration: Migration = {
  name: "login/0002-identity-providers",
  async up(schema, types) {
    await schema
      .createTable("identity_provider")
      .addColumn("name", types.text, (column) => column.primaryKey())
      .addColumn("issuer", types.text, (column) => column.notNull().unique())
      .addColumn("definition", types.json, (column) => column.notNull())
      .addColumn("state", types.text, (column) => column.notNull())
      .addColumn("epoch", types.integer, (column) => column.notNull())
      .addColumn("revision", types.integer, (column) => column.notNull())
      .addColumn("defined_at", types.instant, (column) => column.notNull())
      .execute();
    await schema
      .createTable("provider_subject")
      .addColumn("provider", types.text, (column) => column.notNull())
      .addColumn("subject", types.text, (column) => column.notNull())
      .addColumn("person", types.text, (column) => column.notNull())
      .addColumn("linked_at", types.instant, (column) => column.notNull())
      .addPrimaryKeyConstraint("provider_subject_key", ["provider", "subject"])
      .addUniqueConstraint("provider_subject_person", ["provider", "person"])
      .execute();
  },
};

export const unlinkedSubjectMigration: Migration = {
  name: "login/0003-unlinked-subjects",
  async up(schema, types) {
    await schema
      .createTable("unlinked_subject")
      .addColumn("provider", types.text, (column) => column.notNull())
      .addColumn("subject", types.text, (column) => column.notNull())
      .addColumn("at", types.instant, (column) => column.notNull())
      .addPrimaryKeyConstraint("unlinked_subject_key", ["provider", "subject"])
      .execute();
  },
};
