/** What is known of each kind of platform whose word can be taken. */
import { aws } from "./aws.ts";
import { azure } from "./azure.ts";
import { gcp } from "./gcp.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { kubernetes } from "./kubernetes.ts";
import { oidc } from "./oidc.ts";
import type { Preset } from "./preset.ts";

export const PRESETS = { kubernetes, github, gitlab, gcp, azure, aws, oidc } satisfies Record<string, Preset>;
export type PresetName = keyof typeof PRESETS;
export const PRESET_NAMES = Object.keys(PRESETS) as [PresetName, ...PresetName[]];

/** By its name. */
export const presetNamed = (name: PresetName): Preset => PRESETS[name];
export type { Preset, ReadToken } from "./preset.ts";
