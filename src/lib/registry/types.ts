/** What is exchanged with a registry, as data. */

/** What a build does with one repository of a registry. */
export interface RegistryScope {
  readonly registry: string;
  /** `repository:team/app:pull,push` (distribution docs, "Token Scope Documentation"). */
  readonly scope: string;
}

/** What a registry reports about an image that was pushed to it. */
export interface ImageDescription {
  /** Digest of the image's configuration, docker's "image ID"; absent when the registry could not be asked. */
  readonly configDigest?: string;
  /** What the registry says of the manifest, where it was asked. */
  readonly descriptor?: {
    readonly mediaType: string;
    readonly size: number;
    /** Where it was asked for. */
    readonly platform?: { readonly architecture: string; readonly os: string; readonly variant?: string };
  };
}
