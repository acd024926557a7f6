/** What several commands share: the flags that choose the cluster, how a repeatable flag is defined, and the text of the exit codes. */
import { Flags } from "@oclif/core";
import { EXIT } from "../exit-codes.ts";
import { OWN_NAMESPACE } from "../../plan/pod/options.ts";

/** Values of flags that are given without one. This is pflag's NoOptDefVal, which oclif does not have. */
export const WITHOUT_VALUE: Readonly<Record<string, string>> = { cache: "true", isolate: OWN_NAMESPACE, load: "true" };

export const clusterFlags = {
  namespace: Flags.string({
    char: "n",
    description: "namespace to build in (default: the context's)",
    env: "SLIPWAY_NAMESPACE",
    helpGroup: "CLUSTER",
  }),
  context: Flags.string({
    description: "context of the kubeconfig to use",
    env: "SLIPWAY_CONTEXT",
    helpGroup: "CLUSTER",
  }),
  kubeconfig: Flags.string({
    description: "kubeconfig file (default: $KUBECONFIG, ~/.kube/config, or the pod's own account)",
    helpGroup: "CLUSTER",
  }),
};

/** Of commands that print a table. */
export const tableFlags = {
  "no-trunc": Flags.boolean({ description: "show long cells whole, also where the terminal is too narrow for them" }),
};

interface RepeatableFlag {
  readonly char?: "f" | "p" | "t";
  readonly description?: string;
  readonly hidden?: boolean;
  readonly helpValue?: string;
  readonly helpGroup?: string;
}

/** A flag that may be repeated and takes one value each time, as docker's do: `-t a -t b PATH`. Its default is the empty list, which the help omits. */
export function repeatable(options: RepeatableFlag) {
  return Flags.string({
    ...options,
    multiple: true,
    multipleNonGreedy: true,
    default: [],
    defaultHelp: async (): Promise<undefined> => undefined,
  });
}

export const EXIT_CODES = `Exit codes:
  ${EXIT.built}    built
  ${EXIT.buildFailed}    the build failed: the Dockerfile, a RUN in it, the push, or anything else that docker refuses too
  ${EXIT.cluster}    the cluster refused or cannot be reached
  ${EXIT.unauthorised}    not authorised, by the cluster, a registry, a repository or Vault
  ${EXIT.timedOut}  timed out
  ${EXIT.usage}  wrong usage: slipway cannot read the flags or does not support them; or slipway itself failed
  ${EXIT.interrupted}  interrupted`;
