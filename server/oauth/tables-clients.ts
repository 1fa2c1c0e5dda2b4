import type { Migration } from "../database/index.ts";

/** By which certificates services authenticate. */
export interface ClientTables {
  service_certificate: {
    service: string;
    id: string;
    authorities: string;
    subject: string;
    created: number;
  };
}

export const clientMigrations: Migration[] = [
  {
    name: "oauth/0003-service-certificates",
    async up(schema, types) {
      await schema
        .createTable("service_certificate")
        .addColumn("service", types.text, (column) => column.primaryKey())
        .addColumn("id", types.text, (column) => column.notNull().unique())
        .addColumn("authorities", types.json, (column) => column.notNull())
        .addColumn("subject", types.json, (column) => column.notNull())
        .addColumn("created", types.instant, (column) => column.notNull())
        .execute();
    },
  },
];
