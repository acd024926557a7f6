/** The composition root of `warm`: finds out which images are meant, plans a pod that fetches them, and runs it in the cluster. */
import { workingDirectory } from "../../lib/files/working-directory.ts";
import { argumentsOf } from "../../plan/build-args.ts";
import { readCa } from "../../plan/registry-ca.ts";
import { readOrExplain } from "../../lib/files/read-file.ts";
import { parseReference } from "../../lib/image/reference.ts";
import type { Reference } from "../../lib/image/reference.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { openStores } from "../../lib/credentials/stores.ts";
import { parseDockerfile } from "../../lib/dockerfile/parse.ts";
import { findImages } from "../../lib/dockerfile/references.ts";
import { InvalidInput } from "../../errors.ts";
import { planUnnamed } from "../build/plan-request.ts";
import { shipCredentials } from "../build/credentials.ts";
import { userName } from "../user-name.ts";
import { whoAmI } from "../who-am-i.ts";
import { VERSION } from "../../version.ts";
import type { ClusterChoice } from "../build/build.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export interface WarmRequest {
  /** Names of images. */
  readonly images: readonly string[];
  /** Paths of Dockerfiles, whose base images are fetched. */
  readonly files: readonly string[];
  readonly force: boolean;
  /** Only the images that this stage of the Dockerfiles needs. */
  readonly target?: string;
  /** Options that a build has too. Its builder image is the warmer's image. */
  readonly build: BuildRequest;
}

/**
 * @param say gets the progress, line by line
 * @returns the images that are on the volume now; none if no Dockerfile names any
 * @throws InvalidInput for a wrong name or file
 */
export async function warm(
  request: WarmRequest,
  choice: ClusterChoice,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly Reference[]> {
  const { images, force, build } = request;
  const wanted = new Map(
    [...images, ...(await imagesOf(request, say))].map((name) => {
      const reference = parseImage(name);
      return [reference.toString(), reference];
    }),
  );
  const references = [...wanted.values()];
  if (references.length === 0) return [];
  const ca = await readCa(build.registryCa);
  const inputs = {
    context: { root: workingDirectory(), ignoreFile: undefined },
    // The plan only has to know the registries of the images.
    dockerfile: { path: "Dockerfile", text: references.map((image) => `FROM ${image.toString()}\n`).join("") },
    ...omitUndefined({ ca }),
  };
  const facts = { env: process.env, user: userName(), version: VERSION };
  const { plan: planned } = await planUnnamed(build, inputs, facts, say);
  const stores = build.noCredentials === true ? [] : await openStores(process.env);
  const { plan, dockerConfig } = await shipCredentials(planned, stores, (message) => say(`WARNING: ${message}`));
  const { warmerObjects } = await import("./warmer-pod.ts");
  const { runWarmer } = await import("./run-warmer.ts");
  const { connect } = await import("../../lib/kube/connect.ts");
  await using cluster = await connect(choice);
  const user = await whoAmI(cluster, process.env, signal);
  const objects = warmerObjects({ ...plan, user }, references, force, dockerConfig);
  await runWarmer(cluster, plan, objects, say, signal);
  return references;
}

/** @param note gets a message about each image whose name is only known during a build */
async function imagesOf({ files, target, build }: WarmRequest, note: (message: string) => void): Promise<string[]> {
  const given = new Map(argumentsOf(build.buildArgs, process.env));
  const lists = files.map(async (path) => {
    const text = await readOrExplain(path === "-" ? "/dev/stdin" : path, "the Dockerfile");
    const uses = findImages(parseDockerfile(text), { buildArgs: given, ...omitUndefined({ target }) });
    return uses.flatMap(({ image, text: written, line }) => {
      if (image !== undefined) return [image];
      note(`WARNING: ${path}:${line}: ${written} has no value here, so this image is skipped; set it with --build-arg`);
      return [];
    });
  });
  return (await Promise.all(lists)).flat();
}

function parseImage(name: string): Reference {
  const reference = parseReference(name, "image");
  if (name === "scratch") {
    throw new InvalidInput("scratch is not an image: there is nothing to fetch", {
      suggestions: ["Leave it out."],
    });
  }
  return reference;
}
