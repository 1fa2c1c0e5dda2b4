import { z } from "zod";
import type { PersonId, ServiceId } from "../lib/index.ts";
import { personId } from "./agent.ts";
import { principalName } from "./taxonomy.ts";

/** A workload that is no agent: it starts tasks, or serves what agents call. */
export interface Service {
  readonly id: ServiceId;
  readonly name: string;
  readonly owner: PersonId;
  /** The audiences that it may serve, as they stand in tokens. */
  readonly resources: readonly string[];
  readonly status: "active" | "suspended";
  readonly epoch: number;
  readonly created: number;
  readonly revision: number;
}

/** The identifier of a protected resource (RFC 8707 §2): an absolute http(s) URL without a fragment. */
export const resourceUrl = z
  .string()
  .max(500)
  .refine(
    isResource,
    "A resource is an absolute https URL (http on localhost) without user name, query or fragment.",
  );

export const serviceRegistration = z.strictObject({
  name: principalName,
  owner: personId,
  resources: z.array(resourceUrl).max(50).default([]),
});
export type ServiceRegistration = z.output<typeof serviceRegistration>;

/** What may be said anew. Resources are said whole. */
export const serviceUpdate = z.strictObject({
  owner: personId.optional(),
  resources: z.array(resourceUrl).max(50).optional(),
});

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Compared byte by byte later, so only the URL's one canonical writing is taken (`https://a` or `https://a/`). */
function isResource(attackerUrl: string): boolean {
  if (!URL.canParse(attackerUrl)) return false;
  const url = new URL(attackerUrl);
  const safe = url.protocol === "https:" || (url.protocol === "http:" && LOCAL.has(url.hostname));
  const canonical = url.href === attackerUrl || url.href === `${attackerUrl}/`;
  const plain = url.username === "" && url.password === "" && url.search === "" && !attackerUrl.includes("#");
  return safe && canonical && plain && !attackerUrl.includes("?");
}
