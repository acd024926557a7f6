/** Flags for the resources of a build. Docker limits each RUN; slipway limits the pod, in which the whole build runs. */
import type { FlagRow } from "./flag-row.ts";
import { honoured, ignored, needs } from "./flag-row.ts";

export const RESOURCE_FLAGS = {
  memory: {
    arity: "value",
    char: "m",
    value: "BYTES",
    help: "memory limit of the builder",
    docker: "Memory of each RUN.",
    slipway: honoured("The container's memory request and limit."),
  },
  "memory-swap": {
    arity: "value",
    value: "BYTES",
    docker: "Memory and swap of each RUN.",
    slipway: ignored("the node decides whether to swap"),
  },
  "cpu-shares": {
    arity: "value",
    char: "c",
    value: "SHARES",
    docker: "Relative weight; 1024 for one CPU.",
    slipway: honoured("The container's cpu request: 1024 shares for one CPU."),
  },
  "cpu-period": {
    arity: "value",
    value: "MICROSECONDS",
    docker: "Length of a period of --cpu-quota.",
    slipway: honoured("With --cpu-quota."),
  },
  "cpu-quota": {
    arity: "value",
    value: "MICROSECONDS",
    docker: "Time each RUN may use in a period.",
    slipway: honoured("The container's cpu limit: quota divided by period (100000)."),
  },
  "cpuset-cpus": {
    arity: "value",
    value: "CPUS",
    docker: "The CPUs that RUN may use.",
    slipway: ignored("Kubernetes chooses the CPUs"),
  },
  "cpuset-mems": {
    arity: "value",
    value: "NODES",
    docker: "The memory nodes that RUN may use.",
    slipway: ignored("Kubernetes chooses the memory nodes"),
  },
  resource: {
    arity: "values",
    value: "KEY=VALUE",
    help: "resource limit of the builder: memory=2g, cpu-quota=50000, …; may be repeated",
    docker: "The same limits under one name.",
    slipway: honoured("As the flag of that name."),
  },
  "cgroup-parent": {
    arity: "value",
    value: "PATH",
    docker: "Parent of the cgroups of RUN.",
    slipway: ignored("the kubelet manages cgroups"),
  },
  "shm-size": {
    arity: "value",
    value: "BYTES",
    help: "size of /dev/shm",
    docker: "Size of /dev/shm in RUN.",
    slipway: needs(
      "shm-size",
      "BuildKit sets it itself; the other builders use the pod's /dev/shm, an emptyDir in memory.",
    ),
  },
  ulimit: {
    arity: "values",
    value: "TYPE=SOFT[:HARD]",
    help: "ulimit of the processes of RUN",
    docker: "Limits of the processes of RUN.",
    slipway: needs("ulimit", "The same."),
  },
} satisfies Record<string, FlagRow>;
