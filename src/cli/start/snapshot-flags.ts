/**
 * V8's flags for the sizes of its memory, in MB; 0 is the default. A snapshot is made with memory for everything at once. Memory that is
 * used a second time has bytes of its first use in gaps between objects, and they would be in the executable: other ones each time.
 */
export const HEAP_FLAGS = ["--initial-heap-size", "--min-semi-space-size", "--max-semi-space-size"] as const;

/** More than the program needs while it is loaded. */
export const HEAP_MB = 512;
