/** The image matches the Dockerfile: it is read from the registry, and run. */
import { expect, test } from "vitest";
import { BUSYBOX, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";

const namespace = useNamespace();

test("files, modes, owners and configuration match the Dockerfile", async () => {
  const image = uniqueImage();
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX} AS tools
RUN mkdir /out && echo made > /out/made && chmod 4755 /out/made
FROM ${BUSYBOX}
ARG GREETING=hello
ENV GREETING=$GREETING PLAIN="a b"
LABEL one=1
WORKDIR /srv
COPY --chown=1000:1000 app/ ./app/
COPY --from=tools /out/made /usr/local/made
RUN ln -s app/run.sh start && rm -f app/unwanted && echo "$GREETING" > greeting
EXPOSE 8080/tcp
VOLUME /data
USER 1000
ENTRYPOINT ["/srv/app/run.sh"]
CMD ["--serve"]
`,
    "app/run.sh": { content: "#!/bin/sh\necho ran $GREETING $*\n", mode: 0o755 },
    "app/secret": { content: "s", mode: 0o600 },
    "app/unwanted": "x",
    "app/ignored.log": "ignored",
    ".dockerignore": "**/*.log\n",
  });
  const run = await mustBuild(namespace, [
    "-t",
    `${image}:1`,
    "--build-arg",
    "GREETING=good $day $(HOME)",
    "--label",
    "two=2 2",
    root,
  ]);
  const built = await readImage(`${image}:1`);
  // As docker build, which leaves standard output to -q and its like.
  expect(run.stdout).toBe("");
  const file = (path: string): object => {
    const found = built.files.get(path);
    if (found === undefined) throw new Error(`${path} is not in the image`);
    return { type: found.type, mode: found.mode.toString(8), owner: `${found.uid}:${found.gid}`, text: found.text };
  };
  expect(file("srv/app/run.sh")).toEqual({
    type: "File",
    mode: "755",
    owner: "1000:1000",
    text: "#!/bin/sh\necho ran $GREETING $*\n",
  });
  expect(file("srv/app/secret")).toEqual({ type: "File", mode: "600", owner: "1000:1000", text: "s" });
  expect(file("usr/local/made")).toEqual({ type: "File", mode: "4755", owner: "0:0", text: "made\n" });
  expect(file("srv/greeting")).toMatchObject({ text: "good $day $(HOME)\n" });
  expect(built.files.get("srv/start")).toMatchObject({ type: "SymbolicLink", link: "app/run.sh" });
  expect(built.files.has("srv/app/unwanted")).toBe(false);
  expect(built.files.has("srv/app/ignored.log")).toBe(false);
  // Nothing of ours is in the image.
  expect([...built.files.keys()].filter((path) => /slipway|^kaniko/.test(path))).toEqual([]);
  expect(built.config.config).toMatchObject({
    Entrypoint: ["/srv/app/run.sh"],
    Cmd: ["--serve"],
    User: "1000",
    WorkingDir: "/srv",
    Labels: { one: "1", two: "2 2" },
    ExposedPorts: { "8080/tcp": {} },
    Volumes: { "/data": {} },
  });
  expect(built.config.config.Env).toEqual(expect.arrayContaining(["GREETING=good $day $(HOME)", "PLAIN=a b"]));

  await kubectl([
    "run",
    "it",
    "-n",
    namespace.name,
    `--image=${image}@${built.digest}`,
    "--restart=Never",
    "--",
    "now",
  ]);
  await kubectl(["wait", "pod/it", "-n", namespace.name, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s"]);
  expect(await kubectl(["logs", "it", "-n", namespace.name])).toBe("ran good $day $(HOME) now\n");
});

test("-q prints only the image ID, and --iidfile has it without a line feed", async () => {
  const image = uniqueImage();
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo noise\n` });
  const run = await mustBuild(namespace, ["-q", "--iidfile", `${root}/id`, "-t", image, root]);
  const built = await readImage(image);
  expect(run.stdout).toBe(`${built.configDigest}\n`);
  expect(run.stderr).toBe("");
  const { readFile } = await import("node:fs/promises");
  expect(await readFile(`${root}/id`, "utf8")).toBe(built.configDigest);
});

test("every -t is pushed, and --target stops at its stage", async () => {
  const [one, two] = [uniqueImage(), uniqueImage()];
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX} AS first\nRUN echo 1 > /first\nFROM first\nRUN echo 2 > /second\n`,
  });
  await mustBuild(namespace, ["-t", `${one}:a`, "-t", `${two}:b`, "--target", "first", root]);
  const images = await Promise.all([readImage(`${one}:a`), readImage(`${two}:b`)]);
  expect(images[0].digest).toBe(images[1].digest);
  expect(images[0].files.has("first")).toBe(true);
  expect(images[0].files.has("second")).toBe(false);
});

test("a Dockerfile outside the context, with its own ignore file", async () => {
  const image = uniqueImage();
  const root = await project({
    "docker/app.Dockerfile": `FROM ${BUSYBOX}\nCOPY . /all\n`,
    "docker/app.Dockerfile.dockerignore": "b\n",
    "ctx/a": "a",
    "ctx/b": "b",
    "ctx/.dockerignore": "a\n",
  });
  await mustBuild(namespace, ["-t", image, "-f", "docker/app.Dockerfile", "ctx"], { cwd: root });
  const { files } = await readImage(image);
  expect([...files.keys()].filter((path) => path.startsWith("all/")).sort()).toEqual(["all/.dockerignore", "all/a"]);
});
