/**
 * The table of attacks: what is known to have been tried on token services, each made against the running server.
 * Every one must fail in the specified words, change nothing, and be found in the log.
 */

import { becomeAdministrator } from "./administrator.ts";
import { attackClients } from "./attacks/clients.ts";
import { AttackLedger } from "./attacks/ledger.ts";
import { attackTokens } from "./attacks/tokens.ts";
import { attackWarrants } from "./attacks/warrants.ts";
import { startCompanyIdp } from "./company-idp.ts";
import { setTheStage } from "./oauth/setting.ts";
import { freshFolder } from "./place.ts";
import type { Suite } from "./report.ts";
import { freePort, startServer } from "./server-process.ts";

export const attacks: Suite = async (report) => {
  const place = freshFolder();
  const port = await freePort();
  try {
    const server = await startServer(place, { port });
    const administrator = await becomeAdministrator(place, server);
    const ledger = new AttackLedger(report);
    const setting = await setTheStage(server, administrator);
    await attackClients(ledger, setting);
    const idp = await startCompanyIdp();
    try {
      await attackTokens(ledger, setting, idp);
    } finally {
      await idp.close();
    }
    await attackWarrants(ledger, setting);
    // What strangers did is counted, and written down when the server stops.
    await server.stop();
    const again = await startServer(place, { port });
    await ledger.traced(administrator);
    await again.stop();
  } finally {
    await place.remove();
  }
};
