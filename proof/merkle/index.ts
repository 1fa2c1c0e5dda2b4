/**
 * The Merkle tree of RFC 6962: hashing, verifying and making proofs, and the tiles in which a log is kept.
 */
export { CompactRange, type Subtree } from "./compact-range.ts";
export { emptyRoot, hashSize, leafHash, nodeHash, sameHash } from "./hash.ts";
export { consistencyPath, inclusionPath, type ReadHash } from "./prove.ts";
export {
  entriesPath,
  hashesFromTiles,
  type NodePlace,
  nodePlace,
  parseTilePath,
  splitHashes,
  type Tile,
  tilePath,
  tileWidth,
  widthOf,
} from "./tiles.ts";
export { type TreeSize, verifyConsistency, verifyInclusion } from "./verify.ts";
