/** The plain verbs: create, read, list, patch, remove. */
import { readText } from "../http/read-body.ts";
import { waitFor } from "../waits/waits.ts";
import { limitOf } from "../limits/limits.ts";
import type { Cluster, Kind, Kinds, ListSelector, ObjectIdentity } from "./cluster.ts";
import { call, wasRepeated } from "./call.ts";
import type { Call } from "./call.ts";
import { pathOf, typeOf } from "./kinds.ts";
import { refusalOf } from "./refusal.ts";
import type { ClusterLocation } from "./refusal.ts";
import type { HttpClient } from "./http-client.ts";

/** A collection, and the version of the state it shows. */
export interface Listing<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** Kinds that are queries: a POST answers them, and the server stores nothing. */
const REVIEWS: ReadonlySet<Kind> = new Set(["selfsubjectaccessreviews", "selfsubjectreviews"]);

export class Api implements Pick<Cluster, "create" | "read" | "list" | "patch" | "remove" | "removeNamed" | "version"> {
  readonly #http: HttpClient;
  readonly #location: ClusterLocation;

  constructor(http: HttpClient, location: ClusterLocation) {
    this.#http = http;
    this.#location = location;
  }

  async create<K extends Kind>(
    kind: K,
    object: Kinds[K],
    signal?: AbortSignal,
    { dryRun = false }: { dryRun?: boolean } = {},
  ): Promise<Kinds[K]> {
    const name = object.metadata?.name;
    const leavesNothing = dryRun || REVIEWS.has(kind);
    try {
      return await this.#json<Kinds[K]>({
        verb: "create",
        resource: kind,
        name,
        method: "POST",
        path: pathOf(kind, this.#location.namespace),
        query: dryRun ? { dryRun: "All" } : undefined,
        body: Object.assign({}, typeOf(kind), object),
        // A name belongs to only one build, so an object of that name after a lost answer is ours.
        repeatable: leavesNothing || name !== undefined,
        signal,
      });
    } catch (error) {
      const ours = wasRepeated(error) && refusalOf(error)?.reason === "AlreadyExists";
      if (!ours || name === undefined || leavesNothing) throw error;
      return this.read(kind, name, signal);
    }
  }

  read<K extends Kind>(kind: K, name: string, signal?: AbortSignal): Promise<Kinds[K]> {
    const path = pathOf(kind, this.#location.namespace, name);
    return this.#json({ verb: "get", resource: kind, name, method: "GET", path, repeatable: true, signal });
  }

  async list<K extends Kind>(kind: K, selector: ListSelector, signal?: AbortSignal): Promise<readonly Kinds[K][]> {
    return (await this.listing(kind, selector, signal)).items;
  }

  /** A list from which a watch can continue. */
  async listing<K extends Kind>(
    kind: K,
    { allNamespaces = false, ...selector }: ListSelector,
    signal?: AbortSignal,
  ): Promise<Listing<Kinds[K]>> {
    const list = await this.#json<{ items?: Kinds[K][] | null; metadata?: { resourceVersion?: string } }>({
      verb: "list",
      resource: kind,
      method: "GET",
      path: pathOf(kind, allNamespaces ? undefined : this.#location.namespace),
      query: { ...selector },
      repeatable: true,
      signal,
    });
    return { items: list.items ?? [], resourceVersion: list.metadata?.resourceVersion ?? "" };
  }

  patch<K extends Kind>(
    kind: K,
    { name, uid }: ObjectIdentity,
    patch: { readonly metadata?: object },
    signal?: AbortSignal,
  ): Promise<Kinds[K]> {
    return this.#json({
      verb: "patch",
      resource: kind,
      name,
      method: "PATCH",
      path: pathOf(kind, this.#location.namespace, name),
      // The uid of an object cannot be changed: the patch of another object is refused.
      body: { ...patch, metadata: { ...patch.metadata, uid } },
      contentType: "application/merge-patch+json",
      // It sets a state, so sending it twice has the same effect as once.
      repeatable: true,
      signal,
    });
  }

  async remove(kind: Kind, { name, uid }: ObjectIdentity, signal?: AbortSignal): Promise<void> {
    try {
      await this.#delete(kind, name, { preconditions: { uid } }, signal);
    } catch (error) {
      // The object with this uid is gone, and another one has its name.
      if (refusalOf(error)?.code !== 409) throw error;
    }
  }

  removeNamed(kind: Kind, name: string, signal?: AbortSignal): Promise<void> {
    return this.#delete(kind, name, {}, signal);
  }

  async #delete(kind: Kind, name: string, options: object, signal?: AbortSignal): Promise<void> {
    try {
      await this.#json({
        verb: "delete",
        resource: kind,
        name,
        method: "DELETE",
        path: pathOf(kind, this.#location.namespace, name),
        body: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background", ...options },
        repeatable: true,
        signal,
      });
    } catch (error) {
      if (refusalOf(error)?.code !== 404) throw error;
    }
  }

  async version(signal?: AbortSignal): Promise<string> {
    const { gitVersion } = await this.#json<{ gitVersion?: string }>({
      verb: "get",
      resource: "version",
      method: "GET",
      path: "/version",
      repeatable: true,
      signal,
    });
    return gitVersion ?? "of an unknown version";
  }

  #json<T>(request: Call): Promise<T> {
    return waitFor(`the cluster at ${this.#location.server}`, () =>
      call(this.#http, this.#location, request, async ({ body, headers }) => {
        const text = await readText(body, limitOf("API_ANSWER_BYTES"), headers["content-length"]);
        return JSON.parse(text) as T;
      }),
    );
  }
}
