/**
 * A service that has no certificate of its own making, no list of authorities and no secret: its host says who it
 * is, and it lets in whoever is a running copy of the shop.
 */
import { mutualTls, workloadApi } from "@countersign/sdk";
import { tell } from "./tell.ts";

const shop = process.env.SHOP ?? "";
const workload = await workloadApi();
const tls = await mutualTls(workload, { authorize: (id) => id.startsWith(`${shop}/`) });

const server = tls.httpsServer((request, answer) => {
  answer.end(JSON.stringify({ welcome: tls.peerOf(request.socket) }));
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  tell({ port: typeof address === "object" ? (address?.port ?? 0) : 0 });
});

// As the story asks: an agent by attestation alone gets a token of its own.
process.on("disconnect", () => process.exit());
