/**
 * What files are, by their bytes: digests of single files and of models, streamed, never through a link, and of
 * what lies there now. A file that somebody writes to meanwhile has no digest.
 */
export { DigestCache, type DigestCacheOptions } from "./digest-cache.ts";
export { hashingThreads } from "./hashing-threads.ts";
export { markFinder } from "./marks.ts";
export {
  type DigestedModel,
  digestFile,
  digestModel,
  type MeasureOptions,
  measureModel,
} from "./measure.ts";
export { type MeasureCode, MeasureRefusal } from "./refusal.ts";
