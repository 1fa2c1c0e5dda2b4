import type { Change, Database } from "../../database/index.ts";
import type { Id, ServiceId } from "../../lib/index.ts";
import type { ClientTables } from "../tables-clients.ts";
import type { ServiceCertificate } from "./service-certificate.ts";

export async function certificateOfService(
  database: Database,
  attackerService: string,
): Promise<ServiceCertificate | undefined> {
  const certificates = database.tables<ClientTables>().selectFrom("service_certificate").selectAll();
  const row = await certificates.where("service", "=", attackerService).executeTakeFirst();
  return (
    row && {
      id: row.id as Id<"workload">,
      service: row.service as ServiceId,
      authorities: JSON.parse(row.authorities),
      subject: JSON.parse(row.subject),
      created: row.created,
    }
  );
}

export function insertCertificate(
  change: Change,
  { authorities, subject, ...row }: ServiceCertificate,
): void {
  const values = { ...row, authorities: JSON.stringify(authorities), subject: JSON.stringify(subject) };
  change.add(change.tables<ClientTables>().insertInto("service_certificate").values(values));
}

export function deleteCertificate(change: Change, { id }: ServiceCertificate): void {
  change.add(change.tables<ClientTables>().deleteFrom("service_certificate").where("id", "=", id));
}
