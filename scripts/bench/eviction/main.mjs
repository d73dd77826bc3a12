// @ts-check
/**
 * The eviction study: `npm run bench -- eviction [--requests N] [--trace FILE]...`.
 *
 * Replays streams of questions against every eviction policy of the resolver cache at several sizes, beside a clairvoyant
 * policy, and prints hit ratios. No sockets, no namespace, always the same figures. Needs `npm run build`.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { clairvoyantHits, policyHits } from './replay.mjs';
import { flooded, traceStream, zipfStream } from './streams.mjs';

const shares = [0.01, 0.03, 0.1, 0.3];
const traceDirectory = fileURLToPath(new URL('../../../../shared/data/trace/', import.meta.url));
const defaultTraces = ['client-queries-999.txt', 'root-server-queries.tsv.gz'].map(
  (file) => traceDirectory + file,
);
const resultsDirectory = fileURLToPath(new URL('../../../bench-results/', import.meta.url));

/** @param {string[]} argv */
function readStreams(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      requests: { type: 'string', default: '500000' },
      names: { type: 'string', default: '100000' },
      trace: { type: 'string', multiple: true },
    },
  });
  const [requests, names] = [Number(values.requests), Number(values.names)];
  if (!(Number.isInteger(requests) && requests > 0 && Number.isInteger(names) && names > 0))
    throw new Error('--requests and --names need whole numbers of at least 1');
  const streams = [
    { title: 'Zipf 0.9', keys: zipfStream({ names, requests, exponent: 0.9, seed: 1 }) },
    { title: 'Zipf 1.1', keys: zipfStream({ names, requests, exponent: 1.1, seed: 2 }) },
    {
      title: 'Zipf 1.0, 30 % junk names',
      keys: flooded(zipfStream({ names, requests, exponent: 1, seed: 3 }), 0.3, 4),
    },
  ];
  for (const file of values.trace ?? defaultTraces) {
    if (existsSync(file)) streams.push({ title: basename(file), keys: traceStream(file) });
    else console.error(`${basename(file)}: not there, left out`);
  }
  return streams;
}

/** Runs the study. @param {string[]} argv @returns {Promise<number>} exit status */
export async function runEvictionStudy(argv) {
  const program = new URL('../../../dist/cache/eviction/create.js', import.meta.url);
  if (!existsSync(fileURLToPath(program))) {
    console.error('dist/ is missing: run npm run build');
    return 1;
  }
  const { createPolicy, evictionKinds } = await import(program.href);
  const head = ['stream', 'requests', 'names', 'cache (names)', ...evictionKinds, 'clairvoyant'];
  const lines = [head, head.map(() => '---')];
  const results = [];
  for (const { title, keys } of readStreams(argv)) {
    const distinct = new Set(keys).size;
    for (const share of shares) {
      const capacity = Math.max(8, Math.round(distinct * share));
      /** @type {Record<string, number>} */
      const ratios = {};
      for (const kind of evictionKinds)
        ratios[kind] = policyHits(keys, createPolicy(kind, capacity)) / keys.length;
      ratios.clairvoyant = clairvoyantHits(keys, capacity) / keys.length;
      results.push({ stream: title, requests: keys.length, distinct, capacity, ratios });
      const figures = Object.values(ratios).map((ratio) => `${(ratio * 100).toFixed(1)} %`);
      lines.push([title, `${keys.length}`, `${distinct}`, `${capacity}`, ...figures]);
    }
  }
  const text = `# Hit ratios by eviction policy\n\n${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}\n`;
  mkdirSync(resultsDirectory, { recursive: true });
  writeFileSync(`${resultsDirectory}eviction.md`, text);
  writeFileSync(`${resultsDirectory}eviction.json`, `${JSON.stringify(results, null, 2)}\n`);
  console.log(text);
  return 0;
}
