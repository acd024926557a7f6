/**
 * Values that buildx refuses before it prints or builds a target (v0.38.2, bake/bake.go, toBuildOpt), each as `build` refuses it. What depends
 * on the machine is not looked at here: files of secrets, the SSH agent, and destinations that exist.
 */
import { InvalidInput } from "../../errors.ts";
import { annotationsOf, typedAnnotations } from "../docker/annotations.ts";
import { sizeInBytes, ulimitsOf } from "../docker/resources.ts";
import { outputsOf } from "../docker/results.ts";
import { entriesOf, resourcesOf, textOf, textsOf } from "./definition.ts";
import type { Target } from "./definition.ts";
import { fieldOf } from "./fields.ts";

/** Source of the two lists: containerd/platforms v1.0.0-rc.5, database.go, with its other names for architectures. */
const SYSTEMS = new Set(
  "aix android darwin dragonfly freebsd hurd illumos ios js linux macos nacl netbsd openbsd plan9 solaris windows zos".split(
    " ",
  ),
);
const ARCHITECTURES = new Set(
  [
    "386 aarch64 amd64 amd64p32 arm arm64 arm64be armbe armel armhf i386 loong64 mips mips64 mips64le mips64p32 mips64p32le",
    "mipsle ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm x86-64 x86_64",
  ].flatMap((names) => names.split(" ")),
);

/** A system, with its version and features in parentheses, in which % begins a byte in hexadecimal. */
const OS_PART = /^[A-Za-z0-9_-]+(?:\((?:[\w.-]|%[\da-f]{2})*(?:\+(?:[\w.-]|%[\da-f]{2})+)*\))?$/i;
const OTHER_PART = /^[A-Za-z0-9_.-]+$/;

function isPlatform(text: string): boolean {
  const [os = "", ...others] = text.split("/");
  if (!OS_PART.test(os) || others.length > 2 || !others.every((part) => OTHER_PART.test(part))) return false;
  const name = os.replace(/\(.*/, "").toLowerCase();
  return others.length > 0 || SYSTEMS.has(name) || ARCHITECTURES.has(os.toLowerCase());
}

function checkPlatforms(target: Target): void {
  const wrong = textsOf(target, "platforms")
    .flatMap((value) => value.split(","))
    .find((text) => text.toLowerCase() !== "local" && !isPlatform(text));
  if (wrong !== undefined) throw notAPlatform(wrong);
}

function notAPlatform(text: string): InvalidInput {
  return new InvalidInput(`${JSON.stringify(text)} is not a platform`, {
    docker: "refuses",
    suggestions: ["Write for example linux/amd64."],
  });
}

/** Types whose destination is checked. The others need none, or are left to the builder. */
const WITH_DESTINATION = new Set(["local", "tar", "oci", "docker"]);

function checkOutputs(target: Target): void {
  const outputs = entriesOf(target, "output").filter(({ pairs }) => WITH_DESTINATION.has(pairs.get("type") ?? ""));
  outputsOf(
    outputs.map((output) => fieldOf("output").entries?.toText(output) ?? ""),
    false,
  );
}

function checkAnnotations(target: Target): void {
  const annotations = textsOf(target, "annotations");
  for (const { platform } of typedAnnotations(annotations)) {
    if (platform !== undefined && !isPlatform(platform)) throw notAPlatform(platform);
  }
  annotationsOf(annotations, true);
}

function checkSize(field: string, text: string): void {
  if (sizeInBytes(text) !== undefined) return;
  throw new InvalidInput(`invalid size of ${field}: ${JSON.stringify(text)}`, {
    docker: "refuses",
    suggestions: ["Write bytes, or a number with k, m or g."],
  });
}

/** The other keys have types that are checked when the file is read. */
function checkResources(target: Target): void {
  for (const [key, value] of resourcesOf(target)) {
    const text = String(value).trim();
    if (key === "memory" || (key === "memory-swap" && text !== "-1")) checkSize(key, text);
  }
}

function check(target: Target): void {
  if (textOf(target, "dockerfile") === "-") {
    throw new InvalidInput("its Dockerfile is on standard input, which bake cannot read", { docker: "refuses" });
  }
  const shmSize = textOf(target, "shm-size");
  if (shmSize !== undefined) checkSize("shm-size", shmSize);
  checkPlatforms(target);
  if (entriesOf(target, "secret").some(({ pairs }) => (pairs.get("id") ?? "") === "")) {
    throw new InvalidInput("a secret has no id", { docker: "refuses" });
  }
  checkOutputs(target);
  checkAnnotations(target);
  ulimitsOf(textsOf(target, "ulimits"));
  checkResources(target);
}

/** @throws InvalidInput for the first wrong value, with the name of its target */
export function refuseWrongValues(targets: ReadonlyMap<string, Target>): void {
  for (const [name, target] of targets) {
    try {
      check(target);
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      throw new InvalidInput(`target ${name}: ${error.message}`, {
        docker: "refuses",
        suggestions: error.suggestions,
        cause: error,
      });
    }
  }
}
