import { z } from "zod";
import { printableText } from "../registry/index.ts";
import { DIFFERENCES } from "./difference.ts";
import type { PolicyFile } from "./policy.ts";
import type { Beside, StoredVersion } from "./store.ts";
import type { Which } from "./which-set.ts";

/** The forms in which sets of policies travel. */

export const file = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "A file's name has a-z, 0-9 and -, and no ending."),
  text: z.string().max(100_000),
  tests: z.string().max(100_000).optional(),
  settings: z.string().max(20_000).optional(),
});

export const fileList = z.array(file).max(200);

/** Members that are `undefined` left out, as a set holds them. */
export const filesIn = (files: z.output<typeof fileList>): PolicyFile[] =>
  files.map(({ name, text, tests, settings }) => ({
    name,
    text,
    ...(tests === undefined ? {} : { tests }),
    ...(settings === undefined ? {} : { settings }),
  }));

export const version = z.string().regex(/^pv_[0-9a-f]{16}$/, "A version is pv_ and 16 hexadecimal digits.");

/** Why somebody does it. */
export const message = printableText(500).optional();

export const draft = z.strictObject({ policies: fileList });
export const onRecord = z.strictObject({ version });

/** A set that is spoken of: on record, a draft, the one that decides, or the one shipped. */
export const which = z.union([z.enum(["active", "shipped"]), onRecord, draft]);

export const whichOf = (said: z.output<typeof which>): Which =>
  typeof said === "object" && "policies" in said ? { policies: filesIn(said.policies) } : said;

export const problem = z.object({
  severity: z.enum(["error", "warning"]),
  file: z.string(),
  policy: z.string().optional(),
  line: z.int(),
  column: z.int(),
  message: z.string(),
});

export const storedVersion = z.object({
  version: z.string(),
  hash: z.string(),
  author: z.string(),
  at: z.int(),
  message: z.string().optional(),
});

export const shapeVersion = ({ version, hash, author, at, message }: StoredVersion) => ({
  ...{ version, hash, author, at },
  ...(message === undefined ? {} : { message }),
});

export const beside = z.object({ id: z.string(), version: z.string(), by: z.string(), at: z.int() });

export const shapeBeside = ({ id, version, by, at }: Beside) => ({ id, version, by, at });

export const difference = z.enum(DIFFERENCES);

export const count = z.int().min(0);
