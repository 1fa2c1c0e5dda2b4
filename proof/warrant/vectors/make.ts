/**
 * Writes `vectors.json`: chains of warrants that hold and chains that do not, for any implementation to try
 * itself on. Run it after changing a case: `node proof/warrant/vectors/make.ts`, then `npm run format`.
 */

import { createPublicKey } from "node:crypto";
import { writeFileSync } from "node:fs";
import { encodeBase64url } from "../../digest/index.ts";
import { publicJwkOf } from "../../jwk/index.ts";
import { anchors, call, issuer, now, resource } from "../fixture.ts";
import { allowedCases } from "./allowed.ts";
import type { Case } from "./case.ts";
import { passkey } from "./consents.ts";
import { file } from "./forge.ts";
import { refusedChains } from "./refused-chains.ts";
import { refusedForms } from "./refused-forms.ts";
import { refusedGrants } from "./refused-grants.ts";
import { refusedPresentations } from "./refused-presentations.ts";

/** What all cases have in common, unless a case says otherwise. */
const usual = {
  about:
    "Chains of warrants, each presented once. `usual` is what the verifier knows; `options`, `call` and `dead` of a case stand in its place. Times of options are milliseconds, of claims seconds. Links are counted from 0, the root.",
  usual: {
    issuer,
    keys: Object.entries(anchors).map(([kid, key]) => ({ ...publicJwkOf(createPublicKey(key)), kid })),
    audience: resource,
    method: "POST",
    url: resource,
    now,
    windowSeconds: 60,
    mostLinks: 4,
    dead: [],
    call,
    passkeys: [{ ...passkey, credentialPublicKey: encodeBase64url(passkey.credentialPublicKey) }],
  },
};

export function vectors(): typeof usual & { cases: Case[] } {
  return {
    ...usual,
    cases: [
      ...allowedCases(),
      ...refusedForms(),
      ...refusedChains(),
      ...refusedGrants(),
      ...refusedPresentations(),
    ],
  };
}

if (import.meta.main) writeFileSync(file, `${JSON.stringify(vectors(), null, 2)}\n`);
