/** Flags for the results of a build: images, files and printed text. */
import type { FlagRow } from "./flag-row.ts";
import { honoured, needs } from "./flag-row.ts";

export const RESULT_FLAGS = {
  tag: {
    arity: "values",
    char: "t",
    value: "NAME",
    help: "name of the image, REGISTRY/NAME[:TAG]; may be repeated",
    docker: "Names the image; pushed only with --push.",
    slipway: honoured(
      "Names the image and pushes it; with --load and without --push it is only loaded into the local engine.",
    ),
  },
  push: {
    arity: "nothing",
    help: "push the image; slipway always does with -t, unless --load or --output says otherwise",
    docker: "`-o type=registry`: needs a tag.",
    slipway: honoured("The same."),
  },
  load: {
    arity: "value",
    value: "[=kind[:NAME]]",
    help: "load the image into the local engine (Docker or Podman), or with =kind into a kind cluster; without --push it is not pushed",
    docker: "`-o type=docker`: into the local engine. Not together with --push.",
    slipway: needs(
      "output-docker",
      "The same, into the engine that docker would use; also together with --push. `--load=kind[:NAME]`: into the nodes of a kind cluster.",
    ),
  },
  output: {
    arity: "values",
    char: "o",
    value: "DEST|type=TYPE,dest=FILE",
    help: "where the result goes: registry, image, oci, docker, local or tar",
    docker: "CSV; a bare path is `type=local`, `-` is a tar on standard output; repeatable.",
    slipway: needs(
      ["output-docker", "output-oci", "output-files", "compression-level", "image-attributes", "push-by-digest"],
      "registry, image and cacheonly: every builder. Archives are written to the client's disk or to standard output; their sha256 is verified. Attributes such as `compression=zstd`: [builders](../guides/builders.md#choose-how-the-image-is-written).",
    ),
  },
  label: {
    arity: "values",
    value: "KEY[=VALUE]",
    help: "set a label of the image; may be repeated",
    docker: "Without a value: empty.",
    slipway: honoured("The same."),
  },
  annotation: {
    arity: "values",
    value: "[TYPE:]KEY=VALUE",
    help: "set an annotation of the image's manifest; may be repeated",
    docker: "On manifest, index or their descriptors.",
    slipway: needs(
      "annotation",
      "The same. `index:`, `index-descriptor:` and `manifest-descriptor:` need several platforms: one has no index.",
    ),
  },
  provenance: {
    arity: "value",
    value: "MODE",
    help: "attach a provenance attestation (how the image was built)",
    docker: "`--attest type=provenance`; on by default.",
    slipway: needs(
      "provenance",
      "BuildKit makes it itself; for the other builders slipway makes it and attaches it to the image. `false` is the default.",
    ),
  },
  sbom: {
    arity: "value",
    value: "GENERATOR",
    help: "attach an SBOM attestation (which packages the image has)",
    docker: "`--attest type=sbom`.",
    slipway: needs(
      ["sbom", "sbom-generator"],
      "BuildKit makes it itself; for the other builders slipway lists the packages of the pushed image and attaches the list to it. Only BuildKit supports `generator=IMAGE`. `false` is the default.",
    ),
  },
  attest: {
    arity: "values",
    value: "type=TYPE,…",
    help: "attach an attestation: type=provenance or type=sbom",
    docker: "`type=provenance` or `type=sbom`.",
    slipway: needs(
      ["provenance", "sbom", "sbom-generator"],
      "As --provenance and --sbom; `disabled=true` is the default.",
    ),
  },
  iidfile: {
    arity: "value",
    value: "FILE",
    help: "write the image ID (the config digest, as docker does) to this file",
    docker: "Removed first, no line feed, absent after a failure.",
    slipway: honoured("The same."),
  },
  "metadata-file": {
    arity: "value",
    value: "FILE",
    help: "write metadata of the result to this file, as JSON; containerimage.digest is the manifest digest",
    docker:
      "Digest, config digest, descriptor, names, reference of the build and its provenance (BUILDX_METADATA_PROVENANCE).",
    slipway: honoured("The same for every builder; the provenance has what the client knows."),
  },
  quiet: {
    arity: "nothing",
    char: "q",
    help: "print only the image ID (the config digest, as docker does), on success",
    docker: "Not together with a --progress other than auto or quiet.",
    slipway: honoured("The same."),
  },
  progress: {
    arity: "value",
    value: "MODE",
    help: "how to show progress: auto, plain, tty, quiet, none, rawjson or json",
    docker: "On standard error; `rawjson` is BuildKit's stream.",
    slipway: honoured("The same for every builder, and `json`: slipway's own events."),
  },
  check: {
    arity: "nothing",
    help: "check the Dockerfile without building",
    docker: "`--call=check`: exit code 1 if there is any warning.",
    slipway: honoured(
      "The checks that need only the Dockerfile ([checks.md](checks.md)), and the instructions that the builder cannot do. Uses no cluster.",
    ),
  },
  call: {
    arity: "value",
    value: "METHOD",
    help: "build, check, outline or targets; with ,format=json for JSON",
    docker: "`build`, `check`, `outline`, `targets`; answers on standard output.",
    slipway: honoured("The same, without `subrequests.describe`. Uses no cluster."),
  },
  print: {
    arity: "value",
    value: "METHOD",
    docker: "The old name of --call.",
    slipway: honoured("As --call."),
  },
} satisfies Record<string, FlagRow>;
