/** The example zones and responses of RFC 4035 and RFC 5155 (appendices A and B), for the validator. */
import { parseName } from '../../src/dns/name.js';
import { parseType, RRType } from '../../src/dns/registry.js';
import type { RRset } from '../../src/dns/rrset.js';
import type { TrustAnchor } from '../../src/dnssec/anchors.js';
import { CryptoVerifier } from '../../src/dnssec/signature-verifier.js';
import { Validator } from '../../src/dnssec/validator.js';
import type { ValidationInput, Verdict } from '../../src/dnssec/verdict.js';
import { VirtualClock } from '../../src/runtime/clock.js';
import { hasSharedData, readShared } from './shared-data.js';
import { contextOf, fromRrsets, rrsetsOf, type TestContext } from './signed-data.js';

interface RawResponse {
  readonly id: string;
  readonly title: string;
  readonly header: string;
  readonly qname: string;
  readonly qtype: string;
  readonly answer: readonly string[];
  readonly authority: readonly string[];
}

export class RfcExamples {
  readonly zone: readonly RRset[];
  readonly nowSec: number;
  private readonly anchors: readonly TrustAnchor[];
  private readonly responses: readonly RawResponse[];

  /** @param rfc `rfc4035`; the files must be there, see {@link RfcExamples.present} */
  constructor(rfc: string) {
    const data = JSON.parse(readShared(`vectors/${rfc}-appendix-b.json`)) as {
      validate_at_unix: number;
      trust_anchor_dnskey: string[];
      responses: RawResponse[];
    };
    this.zone = rrsetsOf(readShared(`vectors/${rfc}-appendix-a.zone`));
    this.nowSec = data.validate_at_unix;
    this.responses = data.responses;
    this.anchors = rrsetsOf(data.trust_anchor_dnskey).flatMap((rrset) =>
      rrset.rdatas.map((rdata) => ({ zone: rrset.name, type: RRType.DNSKEY, rdata })),
    );
  }

  static present(rfc: string): boolean {
    return hasSharedData(`vectors/${rfc}-appendix-a.zone`) && hasSharedData(`vectors/${rfc}-appendix-b.json`);
  }

  validator(nowSec = this.nowSec, negativeTrustAnchors = [] as string[]): Validator {
    return new Validator({
      anchors: this.anchors,
      negativeTrustAnchors: negativeTrustAnchors.map((name) => parseName(name)),
      clock: new VirtualClock(nowSec * 1000),
      clockSkewMs: 0,
      verifier: new CryptoVerifier({ allowSha1: true }),
    });
  }

  /** A context that serves the keys of the zone, and the records of `id`'s authority section for DS of `cut`. */
  context(id?: string, cut?: string): TestContext {
    const zone = fromRrsets(this.zone);
    return contextOf((name, type) => {
      if (id && cut && type === RRType.DS && name === parseName(cut)) {
        return { kind: 'nodata', authority: rrsetsOf(this.response(id).authority) };
      }
      return zone(name, type);
    });
  }

  /** The response as the resolver would hand it over. `change` may spoil it. */
  input(id: string, change: (input: ValidationInput) => ValidationInput = (input) => input): ValidationInput {
    const response = this.response(id);
    const answer = rrsetsOf(response.answer);
    const nxdomain = response.header.includes('RCODE=3');
    return change({
      question: { name: parseName(response.qname), type: parseType(response.qtype)!, class: 1 },
      kind: answer.length > 0 ? 'answer' : nxdomain ? 'nxdomain' : 'nodata',
      answer,
      authority: rrsetsOf(response.authority),
      zone: parseName('example.'),
    });
  }

  /** Judges response `id` (`B.1.`). */
  judge(id: string, change?: (input: ValidationInput) => ValidationInput): Promise<Verdict> {
    return this.validator().validate(this.input(id, change), this.context());
  }

  authority(id: string): RRset[] {
    return rrsetsOf(this.response(id).authority);
  }

  private response(id: string): RawResponse {
    const found = this.responses.find((r) => r.id.endsWith(` ${id}`));
    if (!found) throw new Error(`no response ${id}`);
    return found;
  }
}
