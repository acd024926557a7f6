import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { EXIT_CODES, clusterFlags, repeatable } from "../flags/shared.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { EXIT_OF } from "../exit-codes.ts";
import type { Check } from "../../app/doctor/check.ts";
import {
  builderFlags,
  builderRequest,
  cacheVolumeFlags,
  cacheVolumeRequest,
  withImpliedBuilder,
} from "../flags/builder.ts";
import { transportFlags, transportRequest } from "../flags/context.ts";
import { credentialFlags, credentialRequest, tokenFlags } from "../flags/credentials.ts";
import { dockerPodFlags, dockerPodRequest } from "../flags/docker.ts";
import { keepFlags, keepRequest } from "../flags/keep.ts";
import { networkFlags, networkRequest } from "../flags/network.ts";
import { podFlags, podRequest } from "../flags/pod.ts";
import { registryFlags, registryRequest } from "../flags/registry.ts";
import { jsonText, print } from "../../lib/terminal/output.ts";
import { waitLine } from "../ui/wait-line.ts";

export default class Doctor extends BaseCommand {
  static override summary = "Check everything that a build needs, before anything is sent";
  static override description = `Prints one line for each check, and a remedy for each that failed: versions, rights, Pod Security, quotas, storage,
images, user namespaces, and with -t whether a pod can reach the registry and push to it. It runs two pods for some
seconds. It pushes nothing and leaves nothing behind.

The exit code is 0 if a build can run, else the exit code that a build would end with:
${EXIT_CODES.replace(/^.*\n/, "")}`;
  static override examples = [
    "<%= config.bin %> doctor",
    "<%= config.bin %> doctor -t registry.example.com/team/app --builder buildkit --transport pvc",
    "<%= config.bin %> doctor -n builds --fix-rbac | kubectl apply -f -",
  ];
  static override flags = {
    tag: repeatable({ char: "t", description: "name of an image, to check its registry", helpValue: "NAME[:TAG]" }),
    json: Flags.boolean({ description: "print the checks as JSON", exclusive: ["fix-rbac"] }),
    "fix-rbac": Flags.boolean({
      description: "print the smallest Role and RoleBinding that give you the rights, and check nothing",
    }),
    pods: Flags.boolean({
      default: true,
      allowNo: true,
      description: "run pods that check the images, the node and the registry",
    }),
    ...dockerPodFlags(),
    ...builderFlags,
    ...keepFlags,
    ...cacheVolumeFlags,
    ...transportFlags,
    ...credentialFlags,
    ...tokenFlags,
    ...registryFlags,
    ...podFlags,
    ...networkFlags,
    ...clusterFlags,
  };

  /** All of them: doctor checks what a build with the same settings needs. */
  protected override readonly settable = "all";

  async run(): Promise<void> {
    const { flags: typed, metadata } = await this.parse(Doctor);
    const flags = withImpliedBuilder(typed, metadata);
    const request = requestOf(flags);
    const { leastGrant, runDoctor } = await import("../../app/doctor/doctor.ts");
    if (flags["fix-rbac"]) {
      const { printYaml } = await import("../print/yaml.ts");
      print(printYaml(await leastGrant(request, flags, this.signal)));
      return;
    }
    const { CheckList } = await import("../ui/doctor-list.ts");
    const list = flags.json ? undefined : new CheckList(process.stdout, process.env);
    // On a terminal the list says what it waits for.
    if (list !== undefined && process.stdout.isTTY) waitLine()?.leaveRow();
    const options = { pods: flags.pods };
    const checks: Check[] = [];
    await this.interruptible(async () => {
      for await (const check of runDoctor(request, flags, options, (message) => list?.say(message), this.signal)) {
        checks.push(check);
        list?.add(check);
      }
    });
    list?.finish();
    const failed = checks.find(({ status }) => status === "fail");
    if (flags.json) {
      const shown = checks.map(({ name, status, message, suggestions }) => ({ name, status, message, suggestions }));
      print(`${jsonText({ ready: failed === undefined, checks: shown }, 2)}\n`);
    }
    if (failed !== undefined) process.exitCode = EXIT_OF[failed.kind ?? "cluster"];
  }
}

type ParsedFlags = Interfaces.InferredFlags<typeof Doctor.flags>;

function requestOf(flags: ParsedFlags): BuildRequest {
  return {
    path: ".",
    tags: flags.tag,
    buildArgs: [],
    labels: [],
    noCache: false,
    ...builderRequest(flags),
    ...keepRequest(flags),
    ...cacheVolumeRequest(flags),
    ...networkRequest(flags),
    ...transportRequest(flags),
    timeout: "3m",
    ttl: "10s",
    ...credentialRequest(flags),
    ...registryRequest(flags),
    pod: podRequest(flags),
    docker: dockerPodRequest(flags),
  };
}
