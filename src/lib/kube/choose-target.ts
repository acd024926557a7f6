/** Chooses one target from kubeconfig and flags: server, user, namespace. */
import { readFile } from "node:fs/promises";
import { InvalidInput } from "../../errors.ts";
import { publicUrl } from "../text/public-url.ts";
import { isFields, readKubeconfig, textOf } from "./kubeconfig.ts";
import type { Kubeconfig } from "./kubeconfig.ts";
import type { ExecPlugin, Impersonation, Server, Target, User } from "./target.ts";
import { trimEndChars } from "../text/linear.ts";

/** Mount path of a pod's service account. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

type Fields = Readonly<Record<string, unknown>>;

export interface Choice {
  /** The file of --kubeconfig, which replaces KUBECONFIG and ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory at which a pod's service account is mounted. */
  readonly serviceAccount: string;
}

/**
 * Chooses the target. Reads files; makes no request.
 * @throws InvalidInput without a kubeconfig, or if it lacks what the flags or the current context name
 */
export async function chooseTarget(
  choice: Choice,
  { env, serviceAccount }: Surroundings = { env: process.env, serviceAccount: SERVICE_ACCOUNT },
): Promise<Target> {
  const config = await readKubeconfig(choice.kubeconfig, env);
  const name = choice.context ?? config.currentContext;
  if (name === undefined) {
    const inside = await insideTarget(choice, env, serviceAccount);
    if (inside !== undefined && config.contexts.size === 0) return inside;
    throw noContext(config);
  }
  const context = config.contexts.get(name);
  if (context === undefined) throw unknownContext(name, config, choice.context !== undefined);

  const clusterName = textOf(context["cluster"]) ?? "";
  const cluster = config.clusters.get(clusterName);
  if (cluster === undefined) {
    throw new InvalidInput(
      `the context "${name}" refers to the cluster "${clusterName}", which is in no kubeconfig file`,
      {
        suggestions: [listed("Clusters that exist", config.clusters), "List them: kubectl config view"],
      },
    );
  }
  const userName = textOf(context["user"]) ?? "";
  const user = config.users.get(userName);
  // Like kubectl: a context without a user is used anonymously.
  if (user === undefined && userName !== "") {
    throw new InvalidInput(`the context "${name}" refers to the user "${userName}", which is in no kubeconfig file`, {
      suggestions: [listed("Users that exist", config.users), "List them: kubectl config view"],
    });
  }
  const namespace =
    choice.namespace || textOf(context["namespace"]) || (await insideNamespace(env, serviceAccount)) || "default";
  return { context: name, namespace, server: readServer(cluster, clusterName), user: readUser(user ?? {}, userName) };
}

function readServer(cluster: Fields, name: string): Server {
  const url = trimEndChars(textOf(cluster["server"]) ?? "", "/");
  if (!url || !/^https?:\/\/./.test(url) || !URL.canParse(url)) {
    throw new InvalidInput(
      `the cluster "${name}" of the kubeconfig has no usable server URL (${publicUrl(url || "none")})`,
      {
        suggestions: [`Set it: kubectl config set-cluster ${name} --server=https://HOST:PORT`],
      },
    );
  }
  return present<Server>({
    url,
    caFile: textOf(cluster["certificate-authority"]),
    caData: textOf(cluster["certificate-authority-data"]),
    skipTlsVerify: cluster["insecure-skip-tls-verify"] === true,
    tlsServerName: textOf(cluster["tls-server-name"]),
    proxyUrl: textOf(cluster["proxy-url"]),
  });
}

function readUser(user: Fields, name: string): User {
  const exec = user["exec"];
  if (isFields(exec) && !textOf(exec["command"])) {
    throw new InvalidInput(`the user "${name}" of the kubeconfig has a credential plugin without a command`);
  }
  return present<User>({
    certFile: textOf(user["client-certificate"]),
    certData: textOf(user["client-certificate-data"]),
    keyFile: textOf(user["client-key"]),
    keyData: textOf(user["client-key-data"]),
    token: textOf(user["token"]),
    tokenFile: textOf(user["tokenFile"]),
    username: textOf(user["username"]),
    password: textOf(user["password"]),
    exec: isFields(exec) ? (exec as unknown as ExecPlugin) : undefined,
    authProvider: isFields(user["auth-provider"]) ? user["auth-provider"] : undefined,
    impersonate: readImpersonation(user),
  });
}

function readImpersonation(user: Fields): Impersonation | undefined {
  const as = textOf(user["as"]);
  if (!as) return undefined;
  const extra = isFields(user["as-user-extra"]) ? user["as-user-extra"] : {};
  return present<Impersonation>({
    user: as,
    uid: textOf(user["as-uid"]),
    groups: texts(user["as-groups"]),
    extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, texts(values)])),
  });
}

/** The API server of the pod that slipway runs in, with the pod's service account; undefined outside of a pod. */
async function insideTarget(choice: Choice, env: Surroundings["env"], directory: string): Promise<Target | undefined> {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  if (!host || !port || (await readOptional(`${directory}/token`)) === undefined) return undefined;
  return {
    context: undefined,
    namespace: choice.namespace || (await insideNamespace(env, directory)) || "default",
    server: {
      url: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      caFile: `${directory}/ca.crt`,
      skipTlsVerify: false,
    },
    user: { tokenFile: `${directory}/token` },
  };
}

/** Namespace of the pod that slipway runs in. POD_NAMESPACE comes first, as in client-go. */
async function insideNamespace(env: Surroundings["env"], directory: string): Promise<string | undefined> {
  if (!env["KUBERNETES_SERVICE_HOST"]) return undefined;
  return env["POD_NAMESPACE"] || (await readOptional(`${directory}/namespace`))?.trim() || undefined;
}

/** Undefined for a file that cannot be read, for any reason: slipway may not run in a pod at all. */
async function readOptional(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

function noContext(config: Kubeconfig): InvalidInput {
  if (config.sources.every(({ found }) => !found)) {
    return new InvalidInput(`no kubeconfig found; tried ${config.sources.map(({ path }) => path).join(", ")}`, {
      suggestions: [
        "Name one with --kubeconfig or KUBECONFIG.",
        "Get one with your cluster's tool, so that `kubectl get pods` works.",
      ],
    });
  }
  return new InvalidInput("the kubeconfig sets no current context", {
    suggestions: [listed("Choose one with --context or `kubectl config use-context`. Contexts", config.contexts)],
  });
}

function unknownContext(name: string, config: Kubeconfig, byFlag: boolean): InvalidInput {
  const files = config.sources.filter(({ found }) => found).map(({ path }) => path);
  const where = files.length > 0 ? files.join(", ") : "any kubeconfig (none was found)";
  return new InvalidInput(`there is no context "${name}" in ${where}`, {
    suggestions: [
      listed("Contexts that exist", config.contexts),
      byFlag ? "Check --context." : "Choose one with --context or `kubectl config use-context`.",
    ],
  });
}

function listed(what: string, entries: ReadonlyMap<string, unknown>): string {
  return `${what}: ${entries.size === 0 ? "none" : [...entries.keys()].join(", ")}.`;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(textOf).filter((text) => text !== undefined) : [];
}

/** Omits fields that are undefined or empty: in a kubeconfig, an empty field means an absent one. */
function present<T>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== "")) as T;
}
