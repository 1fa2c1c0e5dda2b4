/**
 * A service that asks another one, again and again, while both of them get new certificates. It counts what it was
 * answered, by whom, and under how many certificates of its own.
 */
import { request } from "node:https";
import { mutualTls, serviceOf, svidIdentity, workloadApi } from "@countersign/sdk";
import { tell } from "./tell.ts";

const ledger = process.env.LEDGER ?? "";
const port = Number(process.env.PORT);
const AT_ONCE = 8;

const workload = await workloadApi();
const tls = await mutualTls(workload, { authorize: (id) => id.startsWith(`${ledger}/`) });
const certificates = new Set<string>();
const connections = new Set<unknown>();
let [answered, failed, going] = [0, 0, true];
let firstFailure = "";

const note = (): void => {
  const [svid] = workload.current()?.svids ?? [];
  if (svid !== undefined) certificates.add(Buffer.from(svid.chain[0] ?? []).toString("base64"));
};
workload.onChange(note);
note();

function ask(): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, agent: tls.agent }, async (answer) => {
      connections.add(answer.socket);
      resolve(Buffer.concat(await answer.toArray()).toString());
    });
    asked.on("error", reject).end();
  });
}

async function askAgainAndAgain(): Promise<void> {
  while (going) {
    try {
      const { welcome } = JSON.parse(await ask()) as { welcome: string };
      if (welcome !== workload.current()?.svids[0].id) throw new Error(`taken for ${welcome}`);
      answered += 1;
    } catch (error) {
      failed += 1;
      firstFailure ||= String(error);
    }
  }
}

/** Its SVID is also how it proves itself to the control plane: nothing was enrolled. */
async function askControlPlane(): Promise<string> {
  const instance = await svidIdentity({ issuer: process.env.COUNTERSIGN_ISSUER ?? "", workload });
  await instance.actorToken();
  return serviceOf(instance).id;
}

const id = await askControlPlane();
const asking = Promise.all(Array.from({ length: AT_ONCE }, askAgainAndAgain));
tell({ id });
process.on("message", async () => {
  going = false;
  await asking;
  tell({ answered, failed, firstFailure, certificates: certificates.size, connections: connections.size });
});
process.on("disconnect", () => process.exit());
