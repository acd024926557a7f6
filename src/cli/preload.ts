/** Loads what most builds use: an executable keeps it loaded (start/snapshot.ts). */
export async function preload(): Promise<void> {
  const { preloadBuild } = await import("../app/build/preload.ts");
  await Promise.all([
    preloadBuild(),
    import("./commands/build.ts"),
    import("./config/parse-config.ts"),
    import("./print/image-id.ts"),
    import("./ui/choose-view.ts"),
    import("./ui/plain.ts"),
    import("./ui/quiet.ts"),
  ]);
}
