/**
 * Sections of lines on a terminal of a given size: what matters most stays when there is not room for all.
 */

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const ESCAPE = '\u001b';
const RESET = '\u001b[0m';

/** The first `columns` chars that are seen; colours are no chars, and end with what is cut off. */
export function cutLine(line: string, columns: number): string {
  let seen = 0;
  let painted = false;
  for (let at = 0; at < line.length; ) {
    if (line[at] === ESCAPE) {
      painted = true;
      const end = line.indexOf('m', at);
      at = end === -1 ? line.length : end + 1;
    } else if (seen === columns) {
      return `${line.slice(0, at)}${painted ? RESET : ''}`;
    } else {
      seen++;
      at++;
    }
  }
  return line;
}

/**
 * Sections with a blank line between, the most important first. Blank lines go first where room is short, then lines
 * from the end. Without a size all is given.
 */
export function fitScreen(
  sections: readonly (readonly string[])[],
  size: TerminalSize | undefined,
): string[] {
  const filled = sections.filter((section) => section.length > 0);
  const spaced = filled.flatMap((section, i) => (i === 0 ? section : ['', ...section]));
  if (size === undefined) return spaced;
  // The last row is left to the cursor, or the screen would scroll.
  const room = Math.max(1, size.rows - 1);
  const lines = spaced.length <= room ? spaced : filled.flat().slice(0, room);
  return lines.map((line) => cutLine(line, size.columns));
}
