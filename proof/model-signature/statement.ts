import { isJsonObject, type Json, type JsonObject, parseStrict } from "../jcs/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { HASH_TYPES, type HashType, inOrder, type ModelManifest, type Resource, rootDigest, type Serialization } from "./manifest.ts"; // biome-ignore format: one thought
import { isModelPath } from "./model-path.ts";
import { ascends, requireWhole, shardOf, shardsAreInOrder } from "./shards.ts";

export const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const STATEMENT = "https://in-toto.io/Statement/v1";
const PREDICATE = "https://model_signing/signature/v1.0";
/** More files than any model that people have published. */
const MOST_RESOURCES = 100_000;

/**
 * Reads what a signer says of a model, to the last member: what the schema does not know refuses, as do paths
 * that lead out of the model, resources out of order and a root that is not theirs.
 * @param attackerPayload the bytes that were signed; read them only once their signature holds
 * @throws VerificationError `malformed`; `wrong-typ` for a statement about something else
 * @see OpenSSF Model Signing v1.0 §5, §6.5
 */
export function readModelStatement(attackerPayload: Uint8Array): ModelManifest {
  const statement = orRefuse("malformed", "the statement", () => parseStrict(attackerPayload));
  const { _type, subject, predicateType, predicate } = membersOf(statement, ["_type", "subject", "predicateType", "predicate"]); // biome-ignore format: one thought
  if (_type !== STATEMENT || predicateType !== PREDICATE)
    throw new VerificationError("wrong-typ", "this is no statement about a model's files");
  const { resources: said, serialization: how } = membersOf(predicate, ["resources", "serialization"]);
  const serialization = readSerialization(how);
  const resources = readResources(said, serialization);
  const { name, root } = readSubject(subject);
  if (root !== rootDigest(resources)) throw malformed("the root digest is not that of the resources");
  return { name, root, resources, serialization };
}

function readSubject(attackerSubject: Json | undefined): { name: string; root: string } {
  if (!Array.isArray(attackerSubject) || attackerSubject.length !== 1)
    throw malformed("a statement has one subject");
  const { name, digest } = membersOf(attackerSubject[0], ["name", "digest"]);
  const { sha256 } = membersOf(digest, ["sha256"]);
  if (typeof name !== "string" || name === "") throw malformed("the subject has no name");
  return { name, root: readDigest(sha256, "sha256") };
}

function readSerialization(attackerValue: Json | undefined): Serialization {
  const known = ["method", "hash_type", "allow_symlinks"];
  const said = membersOf(attackerValue, known, ["shard_size", "ignore_paths"]);
  const { method, hash_type: hashType, allow_symlinks: allowSymlinks, shard_size: shardSize } = said;
  if (method !== "files" && method !== "shards") throw malformed("the method is files or shards");
  if (typeof hashType !== "string" || !isHashType(hashType)) throw malformed("the hash is not known");
  if (typeof allowSymlinks !== "boolean") throw malformed("allow_symlinks is true or false");
  if ((shardSize !== undefined) !== (method === "shards")) throw malformed("only shards have a shard size");
  if (shardSize !== undefined && !isPositive(shardSize)) throw malformed("a shard has at least one byte");
  return {
    ...{ method, hashType, allowSymlinks, ignorePaths: readIgnored(said.ignore_paths) },
    ...(shardSize === undefined ? {} : { shardSize: shardSize as number }),
  };
}

const isPositive = (value: Json): boolean => Number.isSafeInteger(value) && (value as number) > 0;

const isHashType = (name: string): name is HashType => Object.hasOwn(HASH_TYPES, name);

function readIgnored(attackerPaths: Json | undefined): string[] {
  const paths = attackerPaths ?? [];
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === "string" && isModelPath(path)))
    throw malformed("ignore_paths are paths within the model");
  return paths as string[];
}

/** Sorted, each once, and each where a file of the model can be. */
function readResources(attackerResources: Json | undefined, how: Serialization): Resource[] {
  if (!Array.isArray(attackerResources) || attackerResources.length === 0)
    throw malformed("a model has at least one file");
  if (attackerResources.length > MOST_RESOURCES) throw new VerificationError("too-large", "too many files");
  const resources = attackerResources.map((each) => readResource(each, how));
  requireOrder(resources, how);
  return resources;
}

/** What else a resource says (in-toto allows more) is passed over, as the specification demands. */
function readResource(attackerResource: Json, how: Serialization): Resource {
  if (!isJsonObject(attackerResource)) throw malformed("a resource is an object");
  const { name, digest, algorithm } = attackerResource;
  if (typeof name !== "string") throw malformed("a resource has a name");
  if (algorithm !== how.hashType) throw malformed("a resource's digest is of another algorithm");
  const path = how.method === "shards" ? shardOf(name).path : name;
  if (path !== "." && !isModelPath(path)) throw malformed("a resource's name is no path within the model");
  return { name, digest: readDigest(digest, how.hashType) };
}

function requireOrder(resources: readonly Resource[], { method, shardSize = 0 }: Serialization): void {
  const names = resources.map(({ name }) => name);
  const ordered = method === "shards" ? shardsAreInOrder(names) : ascends(names, inOrder);
  if (!ordered) throw malformed("the resources are not in order, or one stands twice");
  const paths = method === "shards" ? requireWhole(resources, shardSize) : new Set(names);
  if (paths.has(".") && paths.size > 1) throw malformed("a model that is one file has no others");
}

function readDigest(attackerDigest: Json | undefined, of: HashType): string {
  if (typeof attackerDigest === "string" && attackerDigest.length === HASH_TYPES[of])
    if (/^[0-9a-f]+$/.test(attackerDigest)) return attackerDigest;
  throw malformed("a digest is lower-case hexadecimal of its algorithm's length");
}

/** An object with these members, all of them, perhaps with some of those, and no other. */
function membersOf(
  attackerValue: Json | undefined,
  all: readonly string[],
  some: readonly string[] = [],
): JsonObject {
  if (!isJsonObject(attackerValue)) throw malformed(`an object with ${all.join(", ")} is missing`);
  const members = Object.keys(attackerValue);
  const known = all.every((member) => members.includes(member));
  if (known && members.every((member) => all.includes(member) || some.includes(member))) return attackerValue;
  throw malformed(`an object has exactly ${all.join(", ")}`);
}

/** The statement about a model, in the members' usual order. */
export function writeModelStatement({
  name,
  root,
  resources,
  serialization: how,
}: ModelManifest): Uint8Array {
  const statement = {
    _type: STATEMENT,
    subject: [{ name, digest: { sha256: root } }],
    predicateType: PREDICATE,
    predicate: {
      resources: resources.map((each) => ({ ...each, algorithm: how.hashType })),
      serialization: {
        ...{ method: how.method, hash_type: how.hashType, allow_symlinks: how.allowSymlinks },
        ...(how.shardSize === undefined ? {} : { shard_size: how.shardSize }),
        ignore_paths: how.ignorePaths,
      },
    },
  };
  return Buffer.from(JSON.stringify(statement), "utf8");
}

const malformed = (problem: string): VerificationError => new VerificationError("malformed", problem);
