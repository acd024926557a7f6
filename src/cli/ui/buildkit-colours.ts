/** BUILDKIT_COLORS: the colours of running steps, warnings and errors (BuildKit, util/progress/progressui). */
import type { ChalkInstance } from "chalk";

export type Painter = (text: string) => string;

export interface Palette {
  readonly run: Painter;
  readonly warning: Painter;
  readonly error: Painter;
  readonly canceled: Painter;
}

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

/** @param text `run=green:error=255,0,0`. Invalid parts are ignored, as a colour is not worth an error. */
export function paletteOf(text: string | undefined, paint: ChalkInstance): Palette {
  const chosen = new Map<string, Painter>();
  for (const field of (text ?? "").split(":")) {
    const [name = "", value = ""] = field.toLowerCase().split("=");
    const painter = painterOf(value, paint);
    if (painter !== undefined) chosen.set(name, painter);
  }
  return {
    run: chosen.get("run") ?? paint.cyan,
    warning: chosen.get("warning") ?? paint.yellow,
    error: chosen.get("error") ?? paint.red,
    canceled: chosen.get("cancel") ?? paint.yellow,
  };
}

function painterOf(value: string, paint: ChalkInstance): Painter | undefined {
  const name = NAMES.find((known) => known === value || `light-${known}` === value);
  if (name !== undefined) return value === name || name === "black" ? paint[name] : paint[`${name}Bright`];
  const parts = /^(\d{1,3}),(\d{1,3}),(\d{1,3})$/.exec(value)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  const [red = 0, green = 0, blue = 0] = parts;
  return paint.rgb(red, green, blue);
}
