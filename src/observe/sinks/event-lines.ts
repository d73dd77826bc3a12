/**
 * One line of words for each kind of trace event.
 *
 * Used by the tree and the verdict. Whatever came from the network passes `printable`.
 */
import { formatName, type Name } from '../../dns/name.js';
import { assertNever } from '../../dns/outcome.js';
import { formatRcode, formatType } from '../../dns/registry.js';
import type { Question } from '../../dns/rrset.js';
import type { BudgetItem, SharedLimit } from '../../runtime/budget.js';
import type { ExchangeFault, ResponseClass, SpanPurpose, TraceEvent } from '../../runtime/trace.js';
import type { OutcomeReport } from './collect.js';
import { formatMs, type Paint, plural, printable, type Style } from './styles.js';

const purposeWords: Readonly<Record<SpanPurpose, string>> = {
  client: 'the question',
  'ns-address': 'address of a name server',
  ds: 'delegation signer',
  dnskey: 'keys of the zone',
  priming: 'priming the root',
  prefetch: 'prefetch',
  refresh: 'refresh',
};

const faultWords: Readonly<Record<ExchangeFault, string>> = {
  timeout: 'no response',
  unreachable: 'unreachable',
  'connection-refused': 'connection refused',
  'connection-closed': 'connection closed',
  'near-miss': 'a response with a wrong ID, perhaps forged',
  'no-cookie': 'a response without the DNS cookie that this server sends, perhaps forged',
  malformed: 'a response that cannot be read',
  'no-socket': 'no socket to send from',
  'not-recorded': 'not in the recording',
};

const zoneSources = {
  hints: 'root hints',
  cache: 'the delegation cache',
  referral: 'the referral',
  stub: 'the stub zone of the configuration',
  forward: 'the forwarding of the configuration',
} as const;

const goodClasses: ReadonlySet<ResponseClass> = new Set([
  'answer',
  'referral',
  'cname',
  'dname',
  'nodata',
  'nxdomain',
]);

const text = (name: Name) => printable(formatName(name));
const asked = ({ name, type }: Question) => `${text(name)} ${formatType(type)}`;
const note = (detail: string | undefined) => (detail === undefined ? '' : ` (${printable(detail)})`);

type Of<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/** What the event says, in one line. */
export function eventLine(event: TraceEvent, paint: Paint): string {
  switch (event.kind) {
    case 'span':
      return `${paint('warn', 'needs')} ${paint('name', asked(event.question))} ${paint('faint', `(${purposeWords[event.purpose] ?? printable(event.purpose)})`)}`;
    case 'probe':
      return probeLine(event, paint);
    case 'joined':
      return paint('good', 'joined an equal question under way');
    case 'zone':
      return `zone ${paint('name', text(event.zone))} ${paint('faint', `${plural(event.servers, 'server')}, from ${zoneSources[event.from] ?? printable(event.from)}`)}`;
    case 'query':
      return queryLine(event, paint);
    case 'response':
      return responseLine(event, paint);
    case 'no-response':
      return paint(
        'bad',
        `${faultWords[event.why] ?? printable(event.why)} after ${formatMs(event.afterMs)}`,
      );
    case 'scrubbed':
      return paint('warn', `not believed: ${event.removed.map(printable).join(', ')}`);
    case 'classified':
      return `taken for ${paint(goodClasses.has(event.as) ? 'good' : 'bad', printable(event.as))}${note(event.detail)}`;
    case 'alias':
      return `${printable(event.by)} ${paint('name', text(event.from))} → ${paint('name', text(event.to))}`;
    case 'minimise':
      return minimiseLine(event, paint);
    case 'servers':
      return serversLine(event, paint);
    case 'stored':
      return paint(
        'faint',
        `stored in ${layerWords(event.layer)}: ${text(event.name)} ${formatType(event.type)} for ${event.ttlSec} s`,
      );
    case 'cache-rule':
      return cacheRuleLine(event, paint);
    case 'policy':
      return `${paint('warn', 'policy')} ${printable(event.rule)}: ${printable(event.action)}`;
    case 'validation':
      return validationLine(event, paint);
    case 'limit':
      return paint('bad', `limit reached: ${budgetWords(event.item)}`);
    case 'done':
      return `${printable(event.outcome)}${note(event.reason)} ${paint('faint', `after ${formatMs(event.tookMs)}`)}`;
    case 'budget':
      return budgetLine(event.used, paint);
    default:
      return assertNever(event);
  }
}

function cacheRuleLine(event: Of<'cache-rule'>, paint: Paint): string {
  const limits = [
    event.noCache ? 'nothing is kept' : undefined,
    event.minTtlSec === undefined ? undefined : `at least ${event.minTtlSec} s`,
    event.maxTtlSec === undefined ? undefined : `at most ${event.maxTtlSec} s`,
    event.negativeMaxSec === undefined ? undefined : `denials at most ${event.negativeMaxSec} s`,
  ].filter((limit) => limit !== undefined);
  const of = event.rule === event.name ? '' : paint('faint', ` for ${text(event.name)}`);
  return `${paint('warn', 'cache rule')} ${paint('name', text(event.rule))}: ${limits.join(', ')}${of}`;
}

function layerWords(layer: string): string {
  return layer === 'local' ? 'local data' : `${printable(layer)} cache`;
}

function probeLine(event: Of<'probe'>, paint: Paint): string {
  const style: Style = event.result === 'hit' ? 'good' : event.result === 'stale' ? 'warn' : 'faint';
  const reason = event.reason === undefined ? '' : `, ${printable(event.reason.replace('-', ' '))}`;
  const ttl = event.ttlSec === undefined ? '' : paint('faint', ` TTL ${Math.round(event.ttlSec)} s`);
  const what = `${text(event.name)} ${formatType(event.type)}`;
  return `${layerWords(event.layer)}: ${paint(style, event.result + reason)} ${paint('faint', what)}${ttl}${note(event.detail)}`;
}

function queryLine(event: Of<'query'>, paint: Paint): string {
  const server = event.serverName === undefined ? '' : `${paint('name', text(event.serverName))} `;
  const port = event.port === 53 ? '' : `@${event.port}`;
  const where = `${printable(event.address)}${port} ${event.transport}`;
  return `ask ${server}${paint('faint', where)} for ${paint('name', asked(event.question))}`;
}

function responseLine(event: Of<'response'>, paint: Paint): string {
  const style: Style = event.rcode === 0 || event.rcode === 3 ? 'plain' : 'bad';
  const flags = [event.aa ? 'aa' : '', event.tc ? 'tc' : ''].filter((flag) => flag !== '').join(' ');
  const [answer, authority, additional] = event.counts;
  const counts = `${answer} answer, ${authority} authority, ${additional} additional, ${plural(event.sizeOctets, 'octet')}`;
  return `${paint(style, formatRcode(event.rcode))}${flags === '' ? '' : ` ${flags}`} in ${formatMs(event.rttMs)} ${paint('faint', counts)}`;
}

function minimiseLine(event: Of<'minimise'>, paint: Paint): string {
  if (event.relaxed) return paint('warn', `asks for the whole name, since ${text(event.asked)} led nowhere`);
  return paint('faint', `asks for ${text(event.asked)} only, not ${text(event.full)}`);
}

function serversLine(event: Of<'servers'>, paint: Paint): string {
  const missing = event.missing === 0 ? '' : `, ${event.missing} without address`;
  const skipped = event.skipped.length === 0 ? '' : `; not asked: ${event.skipped.map(printable).join(', ')}`;
  return paint(
    event.skipped.length > 0 ? 'warn' : 'faint',
    `${plural(event.known, 'address', 'addresses')} known${missing}${skipped}`,
  );
}

function validationLine(event: Of<'validation'>, paint: Paint): string {
  const styles: Readonly<Record<string, Style>> = { secure: 'good', insecure: 'warn', bogus: 'bad' };
  const type = event.type === undefined ? '' : ` ${formatType(event.type)}`;
  const key = event.keyTag === undefined ? '' : ` key ${event.keyTag}`;
  const algorithm = event.algorithm === undefined ? '' : ` algorithm ${event.algorithm}`;
  const status = paint(styles[event.security] ?? 'plain', printable(event.security));
  return `DNSSEC ${event.step} ${text(event.name)}${type}: ${status}${paint('faint', `${key}${algorithm}`)} ${printable(event.detail)}`;
}

const budgetNames: Readonly<Record<BudgetItem | SharedLimit, string>> = {
  waitingPerZone: 'questions that wait for the servers of one zone',
  waitingPerServer: 'questions that wait for one server',
  upstreamQueries: 'upstream queries',
  bytes: 'octets received',
  depth: 'depth',
  aliases: 'aliases',
  signatureChecks: 'signature checks',
  nsec3Hashes: 'NSEC3 hashes',
  timeMs: 'ms',
  referrals: 'referrals',
  addressLookups: 'name server address lookups',
};

export function budgetWords(item: BudgetItem | SharedLimit): string {
  return budgetNames[item] ?? printable(item);
}

/** `budget: 5 of 100 upstream queries, ...`; what was not touched is left out. */
export function budgetLine(used: Of<'budget'>['used'], paint: Paint): string {
  const parts = Object.entries(used)
    .filter(([, share]) => share.used > 0)
    .map(([item, share]) => {
      const style: Style = share.used >= share.limit * 0.8 ? 'warn' : 'faint';
      return paint(style, `${share.used} of ${share.limit} ${budgetWords(item as BudgetItem)}`);
    });
  return `${paint('faint', 'budget used: ')}${parts.length === 0 ? paint('faint', 'nothing') : parts.join(paint('faint', ', '))}`;
}

const outcomeWords = {
  answer: 'answer',
  nodata: 'no data: the name exists, but not with this type',
  nxdomain: 'no such name',
  failure: 'failure',
} as const;

/** The last line of the tree, above the records. */
export function outcomeLine(outcome: OutcomeReport, paint: Paint): string {
  const style: Style = outcome.kind === 'answer' ? 'good' : outcome.kind === 'failure' ? 'bad' : 'warn';
  const extras = [
    outcome.reason === undefined ? '' : printable(outcome.reason),
    outcome.security === undefined ? '' : printable(outcome.security),
    outcome.stale ? 'stale' : '',
    ...outcome.ede.map(({ code, text: words }) => `EDE ${code}: ${printable(words)}`),
  ].filter((extra) => extra !== '');
  return `${paint(style, outcomeWords[outcome.kind])}${extras.length === 0 ? '' : `, ${extras.join(', ')}`}`;
}
