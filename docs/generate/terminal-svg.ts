/** A terminal's screen as an SVG: each run of characters of one colour is a text of its own. */

/** Begins a sequence that sets colours. */
const ESCAPE = String.fromCodePoint(27);
const SGR = new RegExp(`${ESCAPE}\\[([\\d;]*)m`, "g");

/** Of one character cell and of the margin, in pixels. */
const CELL = { width: 8.4, height: 19, size: 14, margin: 18, bar: 34 };
const NO_BREAK = String.fromCodePoint(0xa0);
const COLOURS: Readonly<Record<number, string>> = {
  30: "#484f58",
  31: "#ff7b72",
  32: "#3fb950",
  33: "#d29922",
  34: "#58a6ff",
  35: "#bc8cff",
  36: "#39c5cf",
  37: "#b1bac4",
  90: "#8b949e",
  91: "#ffa198",
  92: "#56d364",
  93: "#e3b341",
  94: "#79c0ff",
  95: "#d2a8ff",
  96: "#56d4dd",
  97: "#f0f6fc",
};

interface Span {
  readonly text: string;
  readonly colour?: string;
  readonly bold: boolean;
  readonly dim: boolean;
}

/** One line of `tmux capture-pane -e`: text with SGR sequences, of which colours, bold and dim are read. */
function spansOf(line: string): Span[] {
  const spans: Span[] = [];
  let style: Omit<Span, "text"> = { bold: false, dim: false };
  // Splitting by an expression with a group gives text and codes in turn.
  for (const [at, part] of line.split(SGR).entries()) {
    if (at % 2 === 1) style = part.split(";").reduce((now, code) => styled(now, Number(code || "0")), style);
    else if (part !== "") spans.push({ ...style, text: part });
  }
  return spans;
}

function styled(style: Omit<Span, "text">, code: number): Omit<Span, "text"> {
  if (code === 0) return { bold: false, dim: false };
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { bold: style.bold, dim: style.dim };
  const colour = COLOURS[code];
  return colour === undefined ? style : { ...style, colour };
}

/** @param lines of the screen, with SGR sequences */
export function terminalSvg(lines: readonly string[], columns: number): string {
  const width = Math.round(columns * CELL.width + 2 * CELL.margin);
  const height = Math.round(lines.length * CELL.height + CELL.bar + CELL.margin);
  const rows = lines.map((line, row) => {
    const y = CELL.bar + row * CELL.height + CELL.size;
    let column = 0;
    const texts = spansOf(line).map(({ text, colour, bold, dim }) => {
      const words = text.trim();
      const x = (CELL.margin + (column + [...text].length - [...text.trimStart()].length) * CELL.width).toFixed(1);
      column += [...text].length;
      const marks = [
        ...(colour === undefined ? [] : [` fill="${colour}"`]),
        ...(bold ? [' font-weight="bold"'] : []),
        ...(dim ? [' opacity="0.6"'] : []),
        // Whatever the font, columns stay under each other.
        ` textLength="${([...words].length * CELL.width).toFixed(1)}"`,
      ];
      // Blanks within a text count, where a browser would draw several of them as one.
      return words === ""
        ? ""
        : `<text x="${x}" y="${y}"${marks.join("")}>${escaped(words).replaceAll(" ", NO_BREAK)}</text>`;
    });
    return texts.join("");
  });
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map(
    (fill, at) => `<circle cx="${CELL.margin + 6 + at * 20}" cy="16" r="6" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>slipway builds an image on Kubernetes and pushes it</title>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${dots.join("")}
<g fill="#e6edf3" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${CELL.size}">
${rows.filter((row) => row !== "").join("\n")}
</g>
</svg>
`;
}

/** The line without its sequences. */
export function plainText(line: string): string {
  return line.replaceAll(SGR, "");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
