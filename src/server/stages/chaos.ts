/**
 * Stage 5: class CHAOS, by which servers tell who they are: version.bind, version.server, id.server and
 * hostname.bind (RFC 4892). Names that the operator left without text, and all others, are refused.
 */
import { type Name, parseName } from '../../dns/name.js';
import { Ede, Rcode, RRClass, RRType } from '../../dns/registry.js';
import type { RRset } from '../../dns/rrset.js';
import { type Exchange, ede, type Stage, type Verdict } from '../exchange.js';
import type { ServerSettings } from '../settings.js';

const texts = new Map<Name, (settings: ServerSettings) => string | undefined>([
  [parseName('version.bind.'), (settings) => settings.version],
  [parseName('version.server.'), (settings) => settings.version],
  [parseName('id.server.'), (settings) => settings.identity],
  [parseName('hostname.bind.'), (settings) => settings.identity],
]);

const NOT_SERVED = ede(Ede.NOT_SUPPORTED, 'no such CHAOS name here');

export class ChaosStage implements Stage {
  readonly name = 'chaos';

  run(exchange: Exchange): Verdict {
    const question = exchange.query!.question!;
    if (question.class !== RRClass.CH) return 'next';
    const text = texts.get(question.name)?.(exchange.settings);
    if (text === undefined) return exchange.fail(Rcode.REFUSED, NOT_SERVED);
    const wanted = question.type === RRType.TXT || question.type === RRType.ANY;
    const answer = wanted ? [txt(question.name, text)] : [];
    return exchange.answer({ aa: true, answer, lookupClass: 'local' });
  }
}

function txt(name: Name, text: string): RRset {
  const octets = Buffer.from(text, 'utf8').toString('latin1').slice(0, 255);
  const rdata = String.fromCharCode(octets.length) + octets;
  return { name, type: RRType.TXT, class: RRClass.CH, ttlSec: 0, rdatas: [rdata], signatures: [] };
}
