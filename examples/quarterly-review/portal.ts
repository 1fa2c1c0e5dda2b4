/** The company's portal: a registered service, where people ask for work to be done. It signs nothing for them. */
import { openService, type Service, type TaskRequest } from "@countersign/sdk";
import { act } from "./actor.ts";

let portal: Service | undefined;

const opened = (): Service => {
  if (portal === undefined) throw new Error("the portal has not been enrolled yet");
  return portal;
};

act({
  async enrol(enrolment: { issuer: string; joinToken: string }) {
    portal = await openService(enrolment);
    return { instance: portal.id };
  },
  openTask: async (request: TaskRequest) => ({ task: await opened().openTask(request) }),
  closeTask: ({ task }: { task: string }) => opened().closeTask(task),
});
