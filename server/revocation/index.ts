/**
 * What is dead: one table, one check, one feed. Rooms that end something say so here in the same change;
 * everything that relies on a token, a delegation or an instance asks here, or follows the feed.
 */
export { BLOCKABLE, type Blockable, block, blockedNow, openKeys, unblock } from "./block.ts";
export { deadAmong, requireAlive } from "./check.ts";
export { type DeadKey, isDeadKey, isVouching } from "./dead-key.ts";
export { revocationEvents } from "./events.ts";
export { feedAfter, feedHead } from "./feed.ts";
export { type Every, LiveFeed } from "./live-feed.ts";
export { REVOCATION_CHANNEL, type RevocationDeps, revoke } from "./revoke.ts";
export { type RevocationRouteDeps, revocationFeed, revocationSnapshot } from "./routes.ts";
export { type Revoked, revocationMigrations } from "./store.ts";
