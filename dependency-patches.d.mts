export const PATCHED: readonly string[];

export interface DependencyPatches {
  oclif(path: string, text: string): string;
  replaced(path: string, text: string): string;
  seen(change: string): void;
  assertComplete(): void;
}

export function dependencyPatches(): DependencyPatches;

export function assertPinned(
  dependencies: Readonly<Record<string, string | undefined>>,
  installed: (name: string) => Promise<string>,
): Promise<void>;
