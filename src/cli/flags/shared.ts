/** What several commands share: their flags for the cluster, and how a flag may be given. */
import { Flags } from "@oclif/core";
import { EXIT } from "../exit-codes.ts";
import { OWN_NAMESPACE } from "../../plan/pod/options.ts";

/** Values of flags that are given without one. This is pflag's NoOptDefVal, which oclif does not have. */
export const WITHOUT_VALUE: Readonly<Record<string, string>> = { isolate: OWN_NAMESPACE };

export const clusterFlags = {
  context: Flags.string({
    description: "context of the kubeconfig to use",
    env: "SLIPWAY_CONTEXT",
    helpGroup: "CLUSTER",
  }),
  namespace: Flags.string({
    char: "n",
    description: "namespace to build in (default: the context's)",
    env: "SLIPWAY_NAMESPACE",
    helpGroup: "CLUSTER",
  }),
  kubeconfig: Flags.string({
    description: "kubeconfig file (default: $KUBECONFIG, ~/.kube/config, or the pod's own account)",
    helpGroup: "CLUSTER",
  }),
};

/** An empty list is no default a person need read of. */
const noDefault = async (): Promise<undefined> => undefined;

/** A flag that may be repeated and takes one value each time, as docker's do: `-t a -t b PATH`. */
export function many(options: { char?: "f" | "t"; description: string; helpValue: string; helpGroup?: string }) {
  return Flags.string({ ...options, multiple: true, multipleNonGreedy: true, default: [], defaultHelp: noDefault });
}

export const EXIT_CODES = `Exit codes:
  ${EXIT.built}    built
  ${EXIT.buildFailed}    the build failed: the Dockerfile, a RUN in it, the push, or anything that docker refuses too
  ${EXIT.cluster}    the cluster refused or cannot be reached
  ${EXIT.unauthorised}    not authorised, by the cluster, a registry, a repository or Vault
  ${EXIT.timedOut}  timed out
  ${EXIT.usage}  wrong usage: flags that cannot be read, what docker could do and slipway cannot; or slipway itself failed
  ${EXIT.interrupted}  interrupted`;
