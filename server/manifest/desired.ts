import type { ArtifactsSaid, Binding, Entry, EntryPlace, PlatformDefinition } from "../attestation/index.ts";
import type { ServerDefinition, ToolDefinition } from "../catalog/index.ts";
import type { IdentityProviderDefinition } from "../login/index.ts";
import type { PartnerDefinition } from "../oauth/index.ts";
import type { PolicyFile } from "../policy/index.ts";
import type { AgentUpdate, GroupDefinition, Team } from "../registry/index.ts";
import type { Declared, Kind } from "./document.ts";

/** What a declaration comes to in the words of the room behind it: people by id, grants written out. */
interface DesiredForms {
  Team: Omit<Team, "revision">;
  Server: ServerDefinition;
  Tool: ToolDefinition;
  Group: GroupDefinition;
  /** Whole: what is not declared is `null`, so that it is taken away. */
  Agent: { name: string; update: Required<AgentUpdate> };
  /** Of the agent of this name. */
  Artifacts: { name: string; artifacts: ArtifactsSaid };
  /** `null` where it is not declared any more, so that it is taken away. */
  Entry: { place: EntryPlace; said: Omit<Entry, keyof EntryPlace | "id" | "revision"> | null };
  Platform: { name: string; definition: PlatformDefinition };
  /** `null` where it is not declared any more, so that it is taken away. */
  PlatformRule: { agent: string; platform: string; said: Pick<Binding, "claims"> | null };
  IdentityProvider: { name: string; definition: IdentityProviderDefinition };
  Partner: { name: string; definition: PartnerDefinition };
  Policy: PolicyFile;
}

export type Desired = {
  [K in Kind]: { readonly kind: K; readonly declared: Declared; readonly as: DesiredForms[K] };
}[Kind];

export type DesiredAs<K extends Kind> = Extract<Desired, { kind: K }>;

/** Something that stands and is not declared any more. */
export const goes = ({ as }: Desired): boolean => "said" in as && as.said === null;

/** Those of one kind, in the order declared. */
export const ofKind = <K extends Kind>(all: readonly Desired[], kind: K): DesiredAs<K>[] =>
  all.filter((desired): desired is DesiredAs<K> => desired.kind === kind);
