import { approvalsMigrations } from "../approvals/index.ts";
import { attestationMigrations } from "../attestation/index.ts";
import { auditMigrations } from "../audit/index.ts";
import { authzenMigrations } from "../authzen/index.ts";
import { catalogMigrations } from "../catalog/index.ts";
import type { Migration } from "../database/index.ts";
import { delegationMigrations } from "../delegation/index.ts";
import { keysMigrations } from "../keys/index.ts";
import { loginMigrations } from "../login/index.ts";
import { oauthMigrations } from "../oauth/index.ts";
import { policyMigrations } from "../policy/index.ts";
import { registryMigrations } from "../registry/index.ts";
import { revocationMigrations } from "../revocation/index.ts";
import { spiffeMigrations } from "../spiffe/index.ts";
import { threatsMigrations } from "../threats/index.ts";

/** The steps of every room with tables, in the order of the stairs. */
export const migrations: readonly Migration[] = [
  auditMigrations,
  keysMigrations,
  revocationMigrations,
  registryMigrations,
  catalogMigrations,
  loginMigrations,
  attestationMigrations,
  spiffeMigrations,
  delegationMigrations,
  policyMigrations,
  approvalsMigrations,
  authzenMigrations,
  oauthMigrations,
  threatsMigrations,
].flat();
