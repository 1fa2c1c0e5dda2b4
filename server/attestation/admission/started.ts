import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";

/** Where people write which agent a pod is, and which model it works with: a label or an annotation of the pod. */
const AGENT = "countersign.dev/agent";
const MODEL = "countersign.dev/model";

/** What a pod would start, in the words of whoever declared it. */
export interface Started {
  readonly attackerAgent: string;
  /** Manifest digests of all its images, `sha256:<hex>`. */
  readonly images: readonly string[];
  readonly model?: { readonly name?: string; readonly root: string };
}

/** Why a pod cannot be judged. */
export interface Unreadable {
  readonly reason:
    | "pod-unreadable"
    | "agent-unnamed"
    | "agent-named-twice"
    | "image-without-digest"
    | "model-unreadable";
  readonly message: string;
  readonly remedy: string;
}

export type Read = { readonly started: Started } | { readonly unreadable: Unreadable };

const BY_REFERENCE = /^[^\s@]+@(sha256:[0-9a-f]{64})$/;
const NAME = /^[a-z0-9-]{1,63}$/;
const MODEL_NAMED = /^(?:([a-z0-9-]{2,63})@)?sha256:([0-9a-f]{64})$/;
/** More than anybody puts into one pod. */
const MOST_IMAGES = 100;

/**
 * Reads what a pod would start: every image that it would run or mount, by digest, whoever it says it is.
 * @param attackerPod `{metadata, spec}` of a pod or of a template
 */
export function readStarted(attackerPod: JsonObject): Read {
  const { metadata = {}, spec } = attackerPod;
  if (!isJsonObject(spec) || !isJsonObject(metadata)) return notReadable;
  const references = imagesOf(spec);
  if (references === undefined) return notReadable;
  const names = [wordIn(metadata.labels, AGENT), wordIn(metadata.annotations, AGENT)];
  const said = new Set(names.filter((name) => name !== undefined));
  const [attackerAgent] = said;
  if (said.size > 1) return namedTwice;
  if (attackerAgent === undefined || !NAME.test(attackerAgent)) return unnamed;
  const images = references.map((reference) => BY_REFERENCE.exec(reference)?.[1]);
  if (!images.every((image) => image !== undefined)) return withoutDigest;
  const model = readModel(wordIn(metadata.annotations, MODEL));
  return model === "unreadable" ? modelUnreadable : { started: { attackerAgent, images, ...model } };
}

/** All images: of containers of every kind, and those that are mounted as volumes. */
function imagesOf(spec: JsonObject): string[] | undefined {
  const { containers, initContainers = [], ephemeralContainers = [], volumes = [] } = spec;
  if (!Array.isArray(containers) || containers.length === 0) return undefined;
  const lists = [initContainers, ephemeralContainers, volumes].map((list) => list ?? []);
  if (!lists.every((list) => Array.isArray(list))) return undefined;
  const [inits = [], ephemerals = [], mounted = []] = lists as Json[][];
  const run = [...containers, ...inits, ...ephemerals].map((each) =>
    isJsonObject(each) ? each.image : undefined,
  );
  const all = [...run, ...mounted.flatMap(imageVolume)];
  const readable = all.every((image): image is string => typeof image === "string");
  return readable && all.length <= MOST_IMAGES ? (all as string[]) : undefined;
}

function imageVolume(volume: Json): (Json | undefined)[] {
  if (!isJsonObject(volume) || volume.image === undefined || volume.image === null) return [];
  return [isJsonObject(volume.image) ? volume.image.reference : undefined];
}

function wordIn(attackerWords: Json | undefined, name: string): string | undefined {
  if (!isJsonObject(attackerWords) || !Object.hasOwn(attackerWords, name)) return undefined;
  const word = attackerWords[name];
  return typeof word === "string" ? word : "";
}

function readModel(attackerText: string | undefined): Pick<Started, "model"> | "unreadable" {
  if (attackerText === undefined) return {};
  const [whole, name, root] = MODEL_NAMED.exec(attackerText) ?? [];
  if (whole === undefined || root === undefined) return "unreadable";
  return { model: { root, ...(name === undefined ? {} : { name }) } };
}

const unreadable = (reason: Unreadable["reason"], message: string, remedy: string): Read => ({
  unreadable: { reason, message, remedy },
});

const notReadable = unreadable(
  "pod-unreadable",
  "What this would start cannot be read.",
  "Declare a pod with containers, each with its image.",
);
const unnamed = unreadable(
  "agent-unnamed",
  "The pod does not say which agent it is.",
  `Label the pod's template with ${AGENT}: <name>, or let the webhook pass over this namespace.`,
);
const namedTwice = unreadable(
  "agent-named-twice",
  "The pod's label and annotation name two agents.",
  `Say ${AGENT} once.`,
);
const withoutDigest = unreadable(
  "image-without-digest",
  "An image is named without the digest of its manifest.",
  "Name every image as repository@sha256:<digest>: a tag can be moved.",
);
const modelUnreadable = unreadable(
  "model-unreadable",
  "The model is not named so that it can be judged.",
  `Write ${MODEL}: <name>@sha256:<root digest>.`,
);
