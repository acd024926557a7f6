/**
 * Signs SHA256SUMS of a release that is there already, for example on a machine that has the key and builds nothing:
 * `COSIGN_KEY=FILE npm run release:sign -- [--out DIRECTORY]`
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Refused, orEnd } from "./refusal.ts";
import { findSigner, signSums } from "./sign-sums.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const { values } = parseArgs({ options: { out: { type: "string", default: join(ROOT, "release") } } });
const signed = await orEnd(async () => {
  const signer = await findSigner(process.env);
  if (signer === undefined) throw new Refused("COSIGN_KEY is not set: it names the key that the sums are signed with");
  return signSums(resolve(values.out), signer);
});
process.stdout.write(`${signed}\n`);
