/** Envoy's secret discovery (SDS v3): a process's SVIDs and bundles, in the form in which Envoy takes them. */
export { secretsService } from "./service.ts";
