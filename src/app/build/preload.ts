/** Loads what a build loads when it needs it, as far as most builds need it. */
export async function preloadBuild(): Promise<void> {
  await Promise.all([
    import("./build.ts"),
    import("./kept.ts"),
    import("../../builders/buildkit/buildkit.ts"),
    import("../../builders/kaniko/kaniko.ts"),
    import("../../lib/kube/connect.ts"),
    import("../../lib/kube/exec.ts"),
    import("../../lib/kube/pipe.ts"),
    import("../../lib/registry/base-image.ts"),
    import("../../lib/registry/describe-image.ts"),
    import("../../lib/registry/tag-digest.ts"),
  ]);
}
