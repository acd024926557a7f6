/** Reads the files that a command line names, and no others. Until packing, later stages do not touch the user's files. */
import { stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { normalize } from "node:path/posix";
import { readProxies } from "./docker/proxies.ts";
import { InvalidInput } from "../errors.ts";
import { decodeDockerfile } from "../lib/dockerfile/encoding.ts";
import { gitLabels } from "./source/git-labels.ts";
import { openSource, readInside } from "./source/open-source.ts";
import type { OpenedSource, SourceRequest } from "./source/open-source.ts";
import type { PodTemplate } from "./pod/read-template.ts";
import { inRepository } from "./in-repository.ts";
import { readCa } from "./registry-ca.ts";
import type {
  ContextSource,
  DockerfileSource,
  NamedDirectory,
  OciLayout,
  Repository,
  UnreadDockerfile,
} from "./plan.ts";
import { publicUrl } from "../lib/text/public-url.ts";
import { readBytesOrExplain, readIfThere, readOrExplain, whyNot } from "../lib/files/read-file.ts";
import { workingDirectory } from "../lib/files/working-directory.ts";
import type { BuildRequest } from "./request.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";
import { pathBelow } from "../lib/files/path-below.ts";

export interface ContextInputs {
  readonly context: ContextSource;
  readonly dockerfile: DockerfileSource;
  /** The context is not a directory of the user: it was cloned, downloaded or read from standard input. */
  readonly external: boolean;
}

export interface BuildInputs {
  /** Absent if the builder clones `repository`. */
  readonly context?: ContextSource;
  readonly repository?: Repository;
  readonly dockerfile: DockerfileSource | UnreadDockerfile;
  /** PEM text of --registry-ca. */
  readonly ca?: string;
  /** The local directories of --build-context. */
  readonly directories?: readonly NamedDirectory[];
  /** The OCI layouts of --build-context. */
  readonly layouts?: readonly OciLayout[];
  /** The content of the --pod-template file. */
  readonly podTemplate?: PodTemplate;
  /** Build arguments for the proxies in docker's configuration. */
  readonly proxies?: Readonly<Record<string, string>>;
  /** Labels that come before those of the command line, as `KEY=VALUE`. */
  readonly labels?: readonly string[];
}

/** The part of a command line that says where the context is. */
type ContextRequest = Pick<BuildRequest, "path" | "file" | "submoduleCredentials" | "noCredentials">;

/** Access to sources of a context other than the disk. */
export type Outside = Pick<SourceRequest, "stdin" | "say" | "signal">;

const OUTSIDE: Outside = { stdin: () => process.stdin, say: () => {}, signal: new AbortController().signal };

/** @throws InvalidInput for a path that does not exist, cannot be read or has the wrong type. */
export async function gatherInputs(request: BuildRequest, outside: Outside = OUTSIDE): Promise<BuildInputs> {
  const [found, ca, podTemplate, proxies, directories, layouts] = await Promise.all([
    request.gitInCluster === true ? inRepository(request) : gatherContextAndLabels(request, outside),
    readCa(request.registryCa),
    readPodTemplate(request.pod?.template),
    readProxies(process.env),
    gatherDirectories(request.docker?.["build-context"]),
    gatherLayouts(request.docker?.["build-context"]),
  ]);
  return {
    ...found,
    proxies,
    ...omitUndefined({ ca, podTemplate }),
    ...(directories.length === 0 ? {} : { directories }),
    ...(layouts.length === 0 ? {} : { layouts }),
  };
}

async function gatherContextAndLabels(
  request: ContextRequest,
  outside: Outside,
): Promise<Omit<BuildInputs, "repository">> {
  const { external, ...found } = await gatherContext(request, outside);
  const labels = external ? [] : await gitLabels(found.context.root, found.dockerfile.path, process.env);
  return { ...found, labels };
}

/** The context's directory, its Dockerfile and its ignore file. @throws InvalidInput as `gatherInputs` does. */
export async function gatherContext(request: ContextRequest, outside: Outside): Promise<ContextInputs> {
  const source = await openSource({ ...request, ...outside });
  const { tree, digest } = source;
  const root = tree === undefined ? await contextRoot(source.root) : source.root;
  const dockerfile = await dockerfileOf(source, root, request);
  const ignored = await findIgnoreFile(source, root, dockerfile.path);
  const context = {
    root,
    ...omitUndefined({ tree, digest }),
    // Standard input has no name, and a scratch directory gets a new name each time. So the working directory identifies the project.
    ...(source.external ? { project: source.url ?? workingDirectory() } : {}),
    ...ignored,
  };
  return { context, dockerfile, external: source.external };
}

async function gatherDirectories(values: readonly string[] = []): Promise<readonly NamedDirectory[]> {
  if (values.length === 0) return [];
  return (await import("./named-directories.ts")).readDirectories(values);
}

async function gatherLayouts(values: readonly string[] = []): Promise<readonly OciLayout[]> {
  if (!values.some((value) => value.includes("oci-layout://"))) return [];
  return (await import("./oci-layouts.ts")).readLayouts(values);
}

async function contextRoot(path: string): Promise<string> {
  const root = resolve(path);
  const found = await stat(root).catch((error: unknown) => {
    throw new InvalidInput(`unable to prepare context: path "${publicUrl(path)}" ${whyNot(error)}`, {
      docker: "refuses",
      suggestions: [
        "Give the directory to build from as the last argument, for example `slipway build -t REGISTRY/NAME .`",
      ],
    });
  });
  if (!found.isDirectory())
    throw new InvalidInput(`unable to prepare context: path "${publicUrl(path)}" is not a directory`, {
      docker: "refuses",
    });
  return root;
}

async function findDockerfile(root: string, request: ContextRequest): Promise<DockerfileSource> {
  if (request.file !== undefined) {
    const bytes = await readBytesOrExplain(request.file, "the Dockerfile", "refuses");
    return { path: resolve(request.file), ...decodeDockerfile(bytes) };
  }
  for (const name of ["Dockerfile", "dockerfile"]) {
    const bytes = await readIfThere(join(root, name));
    if (bytes !== undefined) return { path: join(root, name), ...decodeDockerfile(bytes) };
  }
  throw new InvalidInput(`no Dockerfile in ${publicUrl(request.path)}`, {
    docker: "refuses",
    suggestions: ["Name the file with -f FILE, or give the directory that has a Dockerfile."],
  });
}

/** In an external context `-f` names a file inside it, unless it is an absolute path on this disk. */
async function dockerfileOf(source: OpenedSource, root: string, request: ContextRequest): Promise<DockerfileSource> {
  if (source.dockerfile !== undefined) return source.dockerfile;
  if (!source.external || (request.file !== undefined && isAbsolute(request.file)))
    return findDockerfile(root, request);
  for (const name of request.file === undefined ? ["Dockerfile", "dockerfile"] : [request.file]) {
    const bytes = await readInside(source, name);
    const path = source.tree === undefined ? join(root, name) : normalize(name);
    if (bytes !== undefined) return { path, ...decodeDockerfile(bytes) };
  }
  throw new InvalidInput(`failed to read dockerfile: no ${publicUrl(request.file ?? "Dockerfile")} in the context`, {
    docker: "refuses",
    suggestions: ["Name it with -f FILE, as a path inside the context."],
  });
}

/** The Dockerfile's own ignore file replaces the ignore file of the context. */
async function findIgnoreFile(
  source: OpenedSource,
  root: string,
  dockerfile: string,
): Promise<Pick<ContextSource, "ignoreFile" | "ignoreName">> {
  if (source.tree !== undefined) return ignoreFileOfTree(source, dockerfile);
  const { external } = source;
  const own = isAbsolute(dockerfile) ? [`${dockerfile}.dockerignore`] : [];
  for (const file of [...own, join(root, ".dockerignore")]) {
    const inside = external ? pathBelow(root, file) : undefined;
    const ignoreFile = inside === undefined ? await readIfThere(file) : await readInside(source, inside);
    if (ignoreFile !== undefined) {
      return { ignoreFile, ignoreName: inside ?? relative(workingDirectory(), file) };
    }
  }
  return { ignoreFile: undefined };
}

async function ignoreFileOfTree(
  source: OpenedSource,
  dockerfile: string,
): Promise<Pick<ContextSource, "ignoreFile" | "ignoreName">> {
  // Only a Dockerfile on this disk can have its own ignore file, not one from standard input or a URL.
  if (isAbsolute(dockerfile)) {
    const ignoreFile = await readIfThere(`${dockerfile}.dockerignore`);
    if (ignoreFile !== undefined) return { ignoreFile, ignoreName: `${dockerfile}.dockerignore` };
  }
  const names = source.dockerfile === undefined && !isAbsolute(dockerfile) ? [`${dockerfile}.dockerignore`] : [];
  for (const ignoreName of [...names, ".dockerignore"]) {
    const ignoreFile = await readInside(source, ignoreName);
    if (ignoreFile !== undefined) return { ignoreFile, ignoreName };
  }
  return { ignoreFile: undefined };
}

async function readPodTemplate(file: string | undefined): Promise<PodTemplate | undefined> {
  if (file === undefined) return undefined;
  const text = await readOrExplain(file, "the pod template");
  const { readTemplate } = await import("./pod/read-template.ts");
  return readTemplate(file, text);
}
