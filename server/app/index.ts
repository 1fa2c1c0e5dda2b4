/** The table of every endpoint, the gate in front of it, and what goes on by itself. */
export { linkInStore } from "./administrator-link.ts";
export { CertificateCallers } from "./authenticate-certificate.ts";
export { startChores } from "./chores.ts";
export { endpoints } from "./endpoints.ts";
export { events } from "./events.ts";
export { gate } from "./gate.ts";
export { migrations } from "./migrations.ts";
export { type OperatorLinks, operatorLinks } from "./operator-links.ts";
export { prepareCertificate, type ServedCertificate, type TlsConfig } from "./served-certificate.ts";
export type { ServerDeps } from "./server-deps.ts";
