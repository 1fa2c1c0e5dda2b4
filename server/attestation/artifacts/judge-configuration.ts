import { createHash } from "node:crypto";
import type { MeasuredFile } from "@countersign/host";
import { canonicalBytes } from "@countersign/proof/jcs";
import type { Check } from "./check.ts";
import { notAsDeclared } from "./refused.ts";
import type { ConfigurationRequirement } from "./requirement.ts";

/**
 * Compares the files that were measured with those that are declared. Others than declared may be there: they
 * are part of the digest and nothing else.
 * @throws Fault `forbidden`: `configuration-missing`, `configuration-changed`, naming the file
 */
export function judgeConfiguration(
  declared: readonly ConfigurationRequirement[],
  measured: readonly MeasuredFile[],
): readonly Check[] {
  return declared.map(({ path, role, sha256 }) => {
    const files = measured.filter((file) => file.path === path);
    if (files.length === 0) {
      throw notAsDeclared(
        "configuration-missing",
        `The file ${path} (${role}) was not measured.`,
        "Name it among the files of the entry, and let the process have it.",
        path,
      );
    }
    if (!files.every((file) => file.sha256 === sha256)) {
      throw notAsDeclared(
        "configuration-changed",
        `The file ${path} (${role}) is not as declared.`,
        "Restore it, or have an administrator declare what it holds now.",
        path,
      );
    }
    return { what: `configuration-${role}`, subject: path, result: "passed" };
  });
}

/** One digest for all files as they were measured: whatever changes in one changes it. Nothing without files. */
export function configurationDigest(measured: readonly MeasuredFile[]): string | undefined {
  if (measured.length === 0) return undefined;
  const files = measured
    .map(({ path, sha256 }) => ({ path, sha256 }))
    .sort((a, b) => compare(a.path, b.path) || compare(a.sha256, b.sha256));
  return `sha256:${createHash("sha256").update(canonicalBytes(files)).digest("hex")}`;
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
