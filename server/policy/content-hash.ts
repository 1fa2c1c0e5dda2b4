import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { pathsRead } from "./paths-read.ts";
import type { Policy } from "./policy.ts";
import type { SettingsValues } from "./settings.ts";

/**
 * What a policy is known by where people say yes to it: its text, for a comment in it may be what convinced them,
 * and the values of the settings that it reads. A yes under one bound is none under another.
 * @returns base64url SHA-256: of the text alone where it reads no settings
 */
export function contentHash({ text, json }: Pick<Policy, "text" | "json">, values: SettingsValues): string {
  const settings = settingsRead(json.conditions, values);
  if (settings === undefined) return sha256Base64url(text);
  return sha256Base64url(canonicalize({ text, settings: settings as unknown as Json }));
}

/** What can be read of them: one setting, a file's, or all where it is not plain which. */
function settingsRead(conditions: unknown, values: SettingsValues): SettingsValues | undefined {
  const read: Record<string, Record<string, SettingsValues[string][string]>> = {};
  let any = false;
  for (const { variable, names, asked } of pathsRead(conditions)) {
    const [member = "settings", file, name] = names;
    if (variable !== "context" || member !== "settings") continue;
    any = true;
    if (asked && file === undefined) continue; // a set with any settings has them
    for (const [known, settings] of Object.entries(values)) {
      if (file !== undefined && known !== file) continue;
      const named = Object.entries(settings).filter(([key]) => name === undefined || key === name);
      read[known] = { ...read[known], ...Object.fromEntries(named) };
    }
  }
  return any ? read : undefined;
}
