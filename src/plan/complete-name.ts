/** Names that leave the registry open, completed by the configured one: `-t app`, `slipway push app`. */
import { InvalidInput } from "../errors.ts";
import { namesRegistry } from "../lib/image/reference.ts";

/**
 * @param registry prefix of the configuration, `registry.example.com/team`; undefined: none is configured
 * @returns the text, with the prefix where it names no registry itself
 * @throws InvalidInput for `app` without a prefix: nobody but docker can push to docker.io/library
 */
export function completeName(text: string, registry: string | undefined): string {
  if (namesRegistry(text)) return text;
  if (registry !== undefined && text !== "") return `${registry}/${text}`;
  if (text.includes("/") || !/^\w[\w.-]*(?::[\w.-]*)?$/.test(text)) return text;
  throw new InvalidInput(`"${text}" names no registry, and there is no local engine to keep the image`, {
    suggestions: [
      `Write REGISTRY/${text}, or docker.io/USER/${text} for Docker Hub.`,
      "Or set what completes such names: `registry: REGISTRY/TEAM` in .slipway.yaml or in ~/.config/slipway/config.yaml, or SLIPWAY_REGISTRY.",
    ],
  });
}
