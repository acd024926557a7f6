/** `--add-host` and `--network`: the network of a RUN. */
import { isIP } from "node:net";
import { InvalidInput } from "../../errors.ts";
import type { HostAlias } from "./options.ts";

/** @throws InvalidInput in docker's words. */
export function hostsOf(values: readonly string[]): HostAlias[] {
  // pflag's string slice: each value is CSV again.
  return values.flatMap((value) => {
    const at = value.includes("=") ? value.indexOf("=") : value.indexOf(":");
    const host = value.slice(0, Math.max(at, 0));
    const list = value.slice(at + 1);
    if (list === "host-gateway") {
      throw new InvalidInput(
        `--add-host ${value}: "host-gateway" means the host of a local engine, and slipway uses none`,
        {
          suggestions: ["Give an address that pods of the cluster can connect to."],
        },
      );
    }
    if (!/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host) || list === "") throw invalid(value);
    return list.split(",").map((text) => {
      const ip = text.replace(/^\[(.+)\]$/, "$1");
      if (isIP(ip) === 0) throw invalid(value);
      return { host, ip };
    });
  });
}

function invalid(value: string): InvalidInput {
  return new InvalidInput(`invalid host ${value}`, {
    docker: "refuses",
    suggestions: ["Write --add-host NAME:ADDRESS, such as db:10.0.0.7."],
  });
}

/** @returns undefined if RUN uses the pod's network. @throws InvalidInput for a network of a local engine. */
export function networkOf(mode: string | undefined): "none" | undefined {
  if (mode === undefined || ["", "default", "host"].includes(mode)) return undefined;
  if (mode === "none") return "none";
  throw new InvalidInput(`network mode "${mode}" not supported: a pod has one network`, {
    docker: "refuses",
    suggestions: ["Use default, host or none."],
  });
}
