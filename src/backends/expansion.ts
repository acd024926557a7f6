/**
 * Kubernetes replaces `$(NAME)` in args and env values by the container's environment, and `$$(` stands for a literal `$(`
 * (k8s.io/kubernetes third_party/forked/golang/expansion: `$$` becomes `$`, whatever follows). What a user wrote must arrive as written.
 */
export function expandSafe(text: string): string {
  return text.replaceAll("$", "$$$$");
}
