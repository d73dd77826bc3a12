/**
 * Where in a text values of JSON stand, for error messages.
 *
 * Made only when something is wrong, by the YAML parser, which knows places; JSON is YAML.
 */
import { type Document, LineCounter, type Node, parseDocument } from 'yaml';

/** Finds lines of a text that is, or was to be, JSON. */
export class JsonPlaces {
  private readonly lines = new LineCounter();
  private readonly document: Document | undefined;

  constructor(text: string) {
    this.document = parsed(text, this.lines);
  }

  /** Of the value at `path`, or of the nearest thing above it. */
  lineOf(path: readonly PropertyKey[]): number | undefined {
    for (let length = path.length; length >= 0; length--) {
      const offset = this.offsetOf(path.slice(0, length));
      if (offset !== undefined) return this.lines.linePos(offset).line;
    }
    return undefined;
  }

  /** Where it stops to be JSON. */
  get firstError(): number | undefined {
    const error = this.document?.errors[0];
    return error && this.lines.linePos(error.pos[0]).line;
  }

  private offsetOf(path: readonly PropertyKey[]): number | undefined {
    const node = path.length === 0 ? this.document?.contents : this.document?.getIn(path, true);
    return (node as Node | null | undefined)?.range?.[0];
  }
}

function parsed(text: string, lineCounter: LineCounter): Document | undefined {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'silent' });
  } catch {
    return undefined; // too deep, or the like: there is still the message
  }
}
