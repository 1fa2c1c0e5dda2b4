import { z } from "zod";
import { cutPage, pageOf, pageQuery, route } from "../../http/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { declareOrigin, originDeclaration } from "./declare-origin.ts";
import type { DeclaredOrigin } from "./model.ts";
import { modelRegistration, registerModel } from "./register-model.ts";
import { retireModel } from "./retire-model.ts";
import { type ListedVersion, originsOf, versionsAfter } from "./store-models.ts";

/** A signature over ten thousand files, in bytes. */
const BUNDLE_LIMIT = 4 * 1024 * 1024;

const originAnswer = z.object({
  declared_by: z.string().describe("The signer's id. Declared and signed; that it is true is not known."),
  brought: z.int(),
  expires: z.int().optional(),
  model: z.object({ name: z.string(), version: z.string().optional() }),
  datasets: z.array(
    z.object({
      name: z.string(),
      digests: z.array(z.string()),
      owners: z.array(z.string()),
      classification: z.string().optional(),
    }),
  ),
});
const versionAnswer = z.object({
  id: z.string(),
  name: z.string(),
  root: z.string().describe("SHA-256 over the digests of its files."),
  signer: z.string(),
  expires: z.int().optional(),
  status: z.enum(["active", "retired"]),
  registered: z.int(),
  origin: originAnswer.optional(),
});

const byName = z.strictObject({ name: z.string().max(200) });
const query = z.strictObject(pageQuery);
const models = route<AttestationDeps>();

export const modelList = models({
  summary: "Lists the sets of weights that may be run, or might be once, in the order of their registration.",
  query: query.extend({ name: z.string().max(200).optional() }),
  answers: { 200: pageOf(versionAnswer) },
  async handle({ database }, _caller, { query: { name, ...page } }) {
    const rows = await versionsAfter(database, { ...page, limit: page.limit + 1 }, name);
    const { items, next } = cutPage(rows, page.limit, ({ id }) => id);
    const origins = await originsOf(
      database,
      items.map(({ id }) => id),
    );
    const shown = items.map((item) =>
      versionShown(
        item,
        origins.find(({ model }) => model === item.id),
      ),
    );
    return { status: 200, body: { items: shown, ...(next === undefined ? {} : { next }) } };
  },
});

export const modelRegister = models({
  summary: "Lets the weights that a trusted signer has signed be run under a model's name.",
  params: byName,
  body: modelRegistration,
  bodyLimit: BUNDLE_LIMIT,
  answers: { 200: versionAnswer },
  async handle(deps, caller, { params: { name }, body: registration }) {
    const version = await registerModel(deps, caller, { name, registration });
    return { status: 200, body: versionShown(version) };
  },
});

export const modelRetire = models({
  summary: "Ends that a set of weights is run: whoever runs it gets nothing at its next renewal.",
  params: byName,
  body: z.strictObject({ root: z.string().max(64) }),
  answers: { 200: versionAnswer },
  async handle(deps, caller, { params: { name }, body: { root } }) {
    return { status: 200, body: versionShown(await retireModel(deps, caller, { name, root })) };
  },
});

export const modelOriginPut = models({
  summary: "Takes in a signed bill of materials (CycloneDX) that says where a registered model comes from.",
  params: byName,
  body: originDeclaration,
  bodyLimit: BUNDLE_LIMIT,
  answers: { 200: originAnswer },
  async handle(deps, caller, { params: { name }, body: declaration }) {
    return { status: 200, body: originShown(await declareOrigin(deps, caller, { name, declaration })) };
  },
});

const versionShown = (
  { fingerprint: _, revision: __, ...version }: ListedVersion,
  origin?: DeclaredOrigin,
) => ({
  ...version,
  ...(origin === undefined ? {} : { origin: originShown(origin) }),
});

const originShown = ({ signer, brought, expires, origin }: DeclaredOrigin) => ({
  declared_by: signer,
  brought,
  ...(expires === undefined ? {} : { expires }),
  ...origin,
});
