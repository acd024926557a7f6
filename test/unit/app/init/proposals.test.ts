import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { answerFault } from "../../../../src/app/init/answers.ts";
import { propose, proposedRegistries } from "../../../../src/app/init/proposals.ts";

describe("the registries that are proposed", () => {
  it.each<[readonly string[], string | undefined, readonly string[]]>([
    [[], undefined, []],
    [["registry.example.com"], undefined, ["registry.example.com"]],
    [["registry.example.com"], "git@github.com:Acme/shop.git", ["registry.example.com/acme", "ghcr.io/acme"]],
    [["docker.io", "ghcr.io"], "https://github.com/acme/shop", ["ghcr.io/acme", "docker.io/acme"]],
    [[], "https://gitlab.com/acme/web/shop.git", ["registry.gitlab.com/acme/web/shop"]],
    [["10.0.0.1:5000"], "ssh://git@git.example.com:2222/acme/shop.git", ["10.0.0.1:5000/acme"]],
    [["registry.example.com"], "/srv/git/shop.git", ["registry.example.com"]],
    [["registry.example.com"], "https://user:secret@git.example.com/__/shop", []],
  ])("of the logins %j and the remote %s", (logins, remote, expected) => {
    expect(proposedRegistries(logins, remote)).toEqual(expected);
  });

  it("are those of docker's configuration, in its order", async () => {
    const directory = await mkdtemp(join(tmpdir(), "slipway-init-"));
    const config = {
      auths: { "https://index.docker.io/v1/": { auth: "dTpw" }, "registry.example.com": {} },
      credHelpers: { "123.dkr.ecr.eu-west-1.amazonaws.com": "ecr-login" },
    };
    await writeFile(join(directory, "config.json"), JSON.stringify(config));
    const { registries } = await propose(directory, {}, { DOCKER_CONFIG: directory, KUBECONFIG: "/none" });
    expect(registries).toEqual(["docker.io", "registry.example.com", "123.dkr.ecr.eu-west-1.amazonaws.com"]);
  });

  it("are none if docker's configuration cannot be read", async () => {
    const directory = await mkdtemp(join(tmpdir(), "slipway-init-"));
    await writeFile(join(directory, "config.json"), "not JSON");
    expect((await propose(directory, {}, { DOCKER_CONFIG: directory })).registries).toEqual([]);
  });
});

it.each([
  ["registry", "registry.example.com/team"],
  ["registry", "10.0.0.1:5000"],
  ["registry", "localhost/a/b"],
  ["namespace", "team-1"],
  ["builder", "auto"],
  ["builder", "makisu"],
] as const)("the %s %s is an answer", (question, text) => {
  expect(answerFault(question, text)).toBeUndefined();
});

it.each([
  ["registry", ""],
  ["registry", "team"],
  ["registry", "registry.example.com/Team"],
  ["registry", "registry.example.com/app:1.0"],
  ["registry", "https://registry.example.com"],
  ["registry", "registry.example.com/team/"],
  ["registry", "a.b\nbuilder: x"],
  ["namespace", "Team"],
  ["namespace", "a_b"],
  ["namespace", "-a"],
  ["namespace", "a".repeat(64)],
  ["builder", "kanikoo"],
] as const)("the %s %j is not an answer, and the reason is one clause", (question, text) => {
  expect(answerFault(question, text)).toMatch(/^[^\n]+[^.\n]$/);
});
