import { expect, it } from "vitest";
import { dockerfileName, sentDockerfileName, withoutFile } from "../../../src/plan/dockerfile-name.ts";

it.each([
  ["deploy/web.Dockerfile", "web.Dockerfile"],
  ["Dockerfile", "Dockerfile"],
  [withoutFile("standard input"), "Dockerfile"],
  [withoutFile("https://files.example.com/web.Dockerfile"), "Dockerfile"],
])("the name of %s is %s", (path, name) => {
  expect([dockerfileName(path), sentDockerfileName(path)]).toEqual([name, name]);
});

it.each(["a\nb", "a\tb", "\u0007", "a\u007f"])("BuildKit does not get the name %j", (name) => {
  expect([dockerfileName(`/app/${name}`), sentDockerfileName(`/app/${name}`)]).toEqual([name, "Dockerfile"]);
});
