/** The table of every endpoint, and the gate in front of it. */
export { CertificateCallers } from "./authenticate-certificate.ts";
export { endpoints } from "./endpoints.ts";
export { events } from "./events.ts";
export { gate } from "./gate.ts";
export { migrations } from "./migrations.ts";
export type { ServerDeps } from "./server-deps.ts";
