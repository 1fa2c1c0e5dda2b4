/** An agent that works with a model of its own. It tells who it is, and when it is nobody any more. */
import { workloadApi } from "@countersign/sdk";
import { tell } from "../mutual-tls/tell.ts";

const workload = await workloadApi();
const { svids } = await workload.x509();
workload.onChange((state) => {
  if (state === undefined) tell({ id: "" });
});
tell({ id: svids[0].id });
process.on("disconnect", () => process.exit());
