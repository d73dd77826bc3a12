/**
 * Each member of the file of a recording: what it must be, and what it is read to.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { ConfigInput } from '../../config/input.js';
import { NameError, parseName } from '../../dns/name.js';
import type { EdeCode } from '../../dns/registry.js';
import { QuestionError, readQuestion } from '../../observe/question-text.js';
import type { OutcomeReport } from '../../observe/sinks/collect.js';
import type { UpstreamFault } from '../../runtime/trace.js';
import type { RecordedExchange } from '../../transport/exchange-recorder.js';
import { rcodeOf } from './recording.js';

/** No walk lasts so long; and a clock that has to pass by has to arrive. */
const MAX_MS = 600_000;
const MAX_EXCHANGES = 2000;
/** What fits a message over TCP, in base64. */
const MAX_BASE64_CHARS = 87_384;
/** Signatures are dated in 32 bits (RFC 4034 3.1.5). */
const MAX_DATE_MS = 2 ** 32 * 1000;

const says = (expected: string) => ({ error: () => `expected ${expected}` });

/** Text that `read` takes or throws at. */
function read<T>(expected: string, take: (text: string) => T) {
  return z.string(says(expected)).transform((text, context): T => {
    try {
      return take(text);
    } catch (error) {
      const known =
        error instanceof NameError || error instanceof QuestionError || error instanceof RangeError;
      if (!known) throw error;
      context.issues.push({ code: 'custom', message: `expected ${expected}`, input: text });
      return z.NEVER;
    }
  });
}

const name = read('a domain name', parseName);
const question = read('a name and a type, such as "www.example.com. A"', (text) => {
  const [owner, type, ...more] = text.split(' ');
  if (owner === undefined || type === undefined || more.length > 0) throw new RangeError();
  return readQuestion(owner, type);
});
const date = read('a date such as 2026-01-31T12:00:00.000Z', (text) => {
  const ms = Date.parse(text);
  if (!(ms >= 0 && ms < MAX_DATE_MS) || new Date(ms).toISOString() !== text) throw new RangeError();
  return ms;
});
const server = read('a server such as 192.0.2.1@53', (text) => {
  const [address = '', port = '', ...more] = text.split('@');
  const known = isIP(address) !== 0 && /^[0-9]{1,5}$/.test(port) && Number(port) <= 65_535;
  if (!known || more.length > 0) throw new RangeError();
  return { address, port: Number(port) };
});
const octets = read('octets in base64', (text) => {
  const decoded = Buffer.from(text, 'base64');
  // No octets at all are a datagram too.
  if (text.length > MAX_BASE64_CHARS || decoded.toString('base64') !== text) throw new RangeError();
  return decoded;
});
const milliseconds = z
  .number(says('milliseconds'))
  .min(0, says('milliseconds'))
  .max(MAX_MS, says(`at most ${MAX_MS} milliseconds`));
const text = z.string(says('text')).max(4096, says('text of at most 4096 characters'));
const word = <const T extends string>(words: readonly [T, ...T[]]) =>
  z.enum(words, says(`one of ${words.join(', ')}`));

/** Every fault that an exchange can be recorded with. */
const recordedFaults: Readonly<Record<UpstreamFault | 'unfinished', true>> = {
  timeout: true,
  unreachable: true,
  'connection-refused': true,
  'connection-closed': true,
  'near-miss': true,
  'no-cookie': true,
  malformed: true,
  'no-socket': true,
  unfinished: true,
};
const faults = Object.keys(recordedFaults) as [
  keyof typeof recordedFaults,
  ...(keyof typeof recordedFaults)[],
];

const exchange = z
  .strictObject(
    {
      question,
      zone: name,
      server,
      transport: word(['udp', 'tcp']),
      sentMs: milliseconds,
      tookMs: milliseconds,
      fault: word(faults).optional(),
      query: octets.optional(),
      response: octets.optional(),
    },
    says('an exchange'),
  )
  .transform(
    ({ server: endpoint, fault, query, response, ...rest }): RecordedExchange => ({
      ...rest,
      endpoint,
      fault,
      query,
      response,
    }),
  );

const ede = z
  .strictObject({ INFO_CODE: z.int(says('a number')).min(0).max(65_535), EXTRA_TEXT: text }, says('an EDE'))
  .transform(({ INFO_CODE, EXTRA_TEXT }) => ({ code: INFO_CODE as EdeCode, text: EXTRA_TEXT }));

const outcome = z
  .strictObject(
    {
      RCODE: text,
      outcome: word(['answer', 'nodata', 'nxdomain', 'failure']),
      security: text.optional(),
      reason: text.optional(),
      stale: z.boolean(says('true or false')).optional(),
      records: z.array(z.string(says('a record')), says('a list of records')),
      EDE: z.array(ede, says('a list of EDEs')),
    },
    says('an outcome'),
  )
  .superRefine(({ RCODE, outcome: kind }, context) => {
    if (RCODE === rcodeOf(kind)) return;
    context.addIssue({ code: 'custom', path: ['RCODE'], message: `expected ${rcodeOf(kind)} with ${kind}` });
  })
  .transform(
    ({ outcome: kind, security, reason, stale = false, records, EDE }): OutcomeReport => ({
      kind,
      security,
      reason,
      stale,
      records,
      ede: EDE,
    }),
  );

export const recordingSchema = z.strictObject(
  {
    'stratadns-recording': z.literal(1),
    recordedBy: text,
    recordedAt: date,
    question,
    outcome,
    config: z.custom<ConfigInput>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'expected a configuration',
    ),
    lookups: z.array(name, says('a list of names')).max(MAX_EXCHANGES, says('fewer names')),
    exchanges: z
      .array(exchange, says('a list of exchanges'))
      .max(MAX_EXCHANGES, says(`at most ${MAX_EXCHANGES} exchanges`)),
  },
  says('a recording'),
);
