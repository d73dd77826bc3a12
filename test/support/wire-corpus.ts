/** The corpus of real and malformed messages, when it is there. See README.md beside it for its sources. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export const corpusFile = '../shared/data/wire/wire-corpus.jsonl.gz';
export const hasCorpus: boolean = existsSync(corpusFile);

export interface CorpusMessage {
  readonly source: string;
  /** Verdict of another reader: `ok`, `ok-tsig`, or the name of its error. */
  readonly verdict: string;
  readonly wire: Buffer;
}

export function readCorpus(): CorpusMessage[] {
  if (!hasCorpus) return [];
  const lines = gunzipSync(readFileSync(corpusFile)).toString('utf8').trim().split('\n');
  return lines.map((line) => {
    const { source, v, hex } = JSON.parse(line) as { source: string; v: string; hex: string };
    return { source, verdict: v, wire: Buffer.from(hex, 'hex') };
  });
}
