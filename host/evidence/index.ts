/** What a machine shows of itself to join, made or fetched anew for each attempt. */
export { byAws, byAzure, byCertificate, byGcp, byJoinToken, byKubernetes } from "./sources.ts";
