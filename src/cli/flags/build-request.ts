/** The flags of `build` as what is asked for. */
import type { Interfaces } from "@oclif/core";
import type { BuildRequest } from "../../plan/request.ts";
import type { buildFlags } from "./build.ts";
import { podRequest } from "./pod.ts";

type ParsedFlags = Interfaces.InferredFlags<typeof buildFlags>;

export function requestOf(path: string, flags: ParsedFlags): BuildRequest {
  return {
    path,
    ...defined("file", flags.file),
    tags: flags.tag,
    buildArgs: flags["build-arg"],
    ...defined("target", flags.target),
    labels: flags.label,
    noCache: flags["no-cache"],
    builder: flags.builder,
    ...defined("builderImage", flags["builder-image"]),
    helperImage: flags["helper-image"],
    transport: flags.transport,
    gitInCluster: flags["git-in-cluster"],
    baseRegistries: flags["base-registry"],
    sendAll: flags["send-all"],
    reproducible: flags.reproducible,
    volumeSize: flags["volume-size"],
    ...defined("cacheName", flags["cache-name"]),
    ...defined("cacheVolume", flags["cache-volume"]),
    ...defined("keep", flags.keep),
    contextWarning: flags["context-warning"],
    ...defined("storageClass", flags["storage-class"]),
    timeout: flags.timeout,
    ttl: flags.ttl,
    ...defined("registrySecret", flags["registry-secret"]),
    ...defined("serviceAccount", flags["service-account"]),
    noCredentials: flags["no-credentials"],
    registryTokens: flags["registry-tokens"],
    verifyBase: flags["verify-base"],
    sign: flags.sign,
    ...defined("signKey", flags["sign-key"]),
    ...defined("signLog", flags["sign-log"]),
    networkPolicy: flags["network-policy"],
    egress: flags.egress,
    insecureRegistries: flags["insecure-registry"],
    ...defined("registryCa", flags["registry-ca"]),
    noImageId: !saysImageId(flags),
    wantsPlatform: flags["metadata-file"] !== undefined,
    pod: podRequest(flags),
    docker: flags,
  };
}

/** The other views of a build have no place for it. */
function saysImageId(flags: ParsedFlags): boolean {
  const view = flags.quiet || flags.progress === "quiet" || flags.progress === "json";
  return view || flags.iidfile !== undefined || flags["metadata-file"] !== undefined;
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
