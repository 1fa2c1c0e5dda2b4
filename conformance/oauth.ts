/**
 * The token service as `oauth4webapi` sees it, a client that knows nothing of us, over real HTTP: what is asked for,
 * what is answered, and what is refused in the words of the specifications; and forms of proven clients that are
 * hostile in one parameter.
 */

import { startCompanyIdp } from "./company-idp.ts";
import { onPlace } from "./durability.ts";
import { hostileForms } from "./hostile/hostile-forms.ts";
import { authorizationCode } from "./oauth/code.ts";
import { crossDomain } from "./oauth/domains.ts";
import { introspection } from "./oauth/introspection.ts";
import { nonces } from "./oauth/nonces.ts";
import { setTheStage } from "./oauth/setting.ts";
import { clientCredentials, revocation, tokenExchange } from "./oauth/tokens.ts";
import { freshFolder } from "./place.ts";
import type { Suite } from "./report.ts";

export const oauth: Suite = async (report) => {
  await onPlace(freshFolder(), async (_place, server, administrator) => {
    const setting = await setTheStage(server, administrator);
    await clientCredentials(report, setting);
    await introspection(report, setting);
    await revocation(report, setting);
    await authorizationCode(report, setting);
    await tokenExchange(report, setting);
    const idp = await startCompanyIdp();
    try {
      await crossDomain(report, setting, idp);
      await hostileForms(report, setting, idp);
    } finally {
      await idp.close();
    }
  });
  await onPlace(
    freshFolder(),
    async (_place, server, administrator) => nonces(report, await setTheStage(server, administrator)),
    { dpopNonces: "required" },
  );
};
