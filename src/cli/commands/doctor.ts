import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { EXIT_CODES, clusterFlags, many } from "../flags/shared.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { Interrupted } from "../../errors.ts";
import { EXIT_OF } from "../exit-codes.ts";
import { credentialFlags } from "../flags/credentials.ts";
import { registryFlags } from "../flags/registry.ts";

export default class Doctor extends BaseCommand {
  static override summary = "Look at everything a build needs, before anything is sent";
  static override description = `One line a check, each that failed with its remedy: versions, rights, Pod Security, quotas, storage, images, user
namespaces, and with -t whether the registry can be reached from a pod and takes a push. Two pods are tried for it,
for some seconds; nothing is pushed, and nothing is left.

The exit code is 0 when a build can go ahead, else that of the build that would fail first:
${EXIT_CODES.replace(/^.*\n/, "")}`;
  static override examples = [
    "<%= config.bin %> doctor",
    "<%= config.bin %> doctor -t registry.example.com/team/app --builder buildkit --transport pvc",
    "<%= config.bin %> doctor -n builds --fix-rbac | kubectl apply -f -",
  ];
  static override flags = {
    tag: many({ char: "t", description: "an image's name, to ask its registry", helpValue: "NAME[:TAG]" }),
    json: Flags.boolean({ description: "print the checks as JSON", exclusive: ["fix-rbac"] }),
    "fix-rbac": Flags.boolean({
      description: "print the smallest Role and RoleBinding that give you the rights, and look at nothing",
    }),
    pods: Flags.boolean({ default: true, allowNo: true, description: "try pods: the images, the node, the registry" }),
    builder: Flags.string({ default: "kaniko", description: "the builder", env: "SLIPWAY_BUILDER" }),
    "builder-image": Flags.string({
      description: "image of the builder",
      env: "SLIPWAY_BUILDER_IMAGE",
      helpValue: "IMAGE",
    }),
    "helper-image": Flags.string({
      default: "busybox:stable",
      description: "image with a shell, tar and nc that receives a streamed context",
      env: "SLIPWAY_HELPER_IMAGE",
      helpValue: "IMAGE",
    }),
    transport: Flags.string({ default: "auto", description: "how contexts will travel", env: "SLIPWAY_TRANSPORT" }),
    "volume-size": Flags.string({
      default: "10Gi",
      description: "for --transport pvc: size of the volume",
      env: "SLIPWAY_VOLUME_SIZE",
    }),
    "storage-class": Flags.string({
      description: "for --transport pvc: its storage class (default: the cluster's)",
      env: "SLIPWAY_STORAGE_CLASS",
    }),
    memory: Flags.string({ char: "m", description: "memory a build will ask for", helpValue: "BYTES" }),
    ...credentialFlags,
    ...registryFlags,
    ...clusterFlags,
  };

  /** It looks at what a build would be. */
  protected override readonly settable = "all";

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    const request = requestOf(flags);
    const { leastGrant, runDoctor } = await import("../../app/doctor/doctor.ts");
    if (flags["fix-rbac"]) {
      const { printYaml } = await import("../print/yaml.ts");
      process.stdout.write(printYaml(await leastGrant(request, flags, this.signal)));
      return;
    }
    const { CheckList } = await import("../ui/doctor-list.ts");
    const list = flags.json ? undefined : new CheckList(process.stdout, process.env);
    const options = { pods: flags.pods, fix: fixCommand(flags) };
    const checks = [];
    try {
      for await (const check of runDoctor(request, flags, options, (message) => list?.say(message), this.signal)) {
        checks.push(check);
        list?.add(check);
      }
    } catch (error) {
      if (this.signal.aborted && this.signal.reason instanceof Interrupted) throw this.signal.reason;
      throw error;
    }
    list?.finish();
    const failed = checks.find(({ status }) => status === "fail");
    if (flags.json) {
      const shown = checks.map(({ name, status, message, suggestions }) => ({ name, status, message, suggestions }));
      process.stdout.write(`${JSON.stringify({ ready: failed === undefined, checks: shown }, undefined, 2)}\n`);
    }
    if (failed !== undefined) process.exitCode = EXIT_OF[failed.kind ?? "cluster"];
  }
}

type ParsedFlags = Interfaces.InferredFlags<typeof Doctor.flags>;

/** The same command, as it prints the rights. */
function fixCommand(flags: ParsedFlags): string {
  const place = (["kubeconfig", "context", "namespace"] as const).flatMap((name) =>
    flags[name] === undefined ? [] : [`--${name} ${flags[name]}`],
  );
  const builder = flags.builder === "kaniko" ? [] : [`--builder ${flags.builder}`];
  const transport = flags.transport === "auto" ? [] : [`--transport ${flags.transport}`];
  const ca = flags["registry-ca"] === undefined ? [] : [`--registry-ca ${flags["registry-ca"]}`];
  return ["slipway doctor --fix-rbac", ...place, ...builder, ...transport, ...ca].join(" ");
}

function requestOf(flags: ParsedFlags): BuildRequest {
  return {
    path: ".",
    tags: flags.tag,
    buildArgs: [],
    labels: [],
    noCache: false,
    builder: flags.builder,
    ...defined("builderImage", flags["builder-image"]),
    helperImage: flags["helper-image"],
    transport: flags.transport,
    volumeSize: flags["volume-size"],
    ...defined("storageClass", flags["storage-class"]),
    timeout: "3m",
    ttl: "10s",
    ...defined("registrySecret", flags["registry-secret"]),
    ...defined("serviceAccount", flags["service-account"]),
    noCredentials: flags["no-credentials"],
    insecureRegistries: flags["insecure-registry"],
    ...defined("registryCa", flags["registry-ca"]),
    docker: defined("memory", flags.memory),
  };
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
