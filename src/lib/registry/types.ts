/** Data that is exchanged with a registry. */

/** A build's access to one repository of a registry. */
export interface RegistryScope {
  readonly registry: string;
  /** `repository:team/app:pull,push` (distribution docs, "Token Scope Documentation"). */
  readonly scope: string;
}

/** A registry's description of a pushed image. */
export interface ImageDescription {
  /** Digest of the image's configuration, docker's "image ID"; absent if the registry could not be reached. */
  readonly configDigest?: string;
  /** The manifest, if the registry was asked for it. */
  readonly descriptor?: {
    readonly mediaType: string;
    readonly size: number;
    /** Present if it was requested. */
    readonly platform?: { readonly architecture: string; readonly os: string; readonly variant?: string };
    /** Those of BuildKit, which reports them with a kept builder. */
    readonly annotations?: Readonly<Record<string, string>>;
  };
}
