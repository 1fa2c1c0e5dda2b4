import type { Suite } from "./report.ts";

/** The suites by name, each loaded when it is run. */
export const suites: ReadonlyMap<string, () => Promise<Suite>> = new Map([
  ["bad-input", async () => (await import("./bad-input.ts")).badInput],
  ["endpoints", async () => (await import("./endpoints.ts")).endpointTable],
  ["durability", async () => (await import("./durability.ts")).durability],
  ["durability-postgres", async () => (await import("./durability-postgres.ts")).durabilityOnPostgres],
  ["exactly-n", async () => (await import("./exactly-n.ts")).exactlyN],
  ["two-servers", async () => (await import("./two-servers.ts")).twoServers],
  ["start-up", async () => (await import("./start-up.ts")).startUp],
  ["authzen", async () => (await import("./authzen.ts")).authzen],
  ["attacks", async () => (await import("./attacks.ts")).attacks],
  ["oauth", async () => (await import("./oauth.ts")).oauth],
  ["spiffe", async () => (await import("./spiffe.ts")).spiffe],
  ["secrets", async () => (await import("./secrets.ts")).secrets],
]);
