/**
 * The contract between the resolver and the network: one question to one server, one result.
 *
 * The resolver knows only this interface, so the real network (udp-upstream.ts, tcp-upstream.ts), the mock
 * internet without sockets (testing) and recorded scenarios are interchangeable; each passes the contract
 * suite in test/support/.
 *
 * Whoever implements it owns matching (RFC 5452 9.1): a response counts only when address, port, ID, QR,
 * opcode and question are those of the query. Whatever else arrives is dropped and the wait goes on to the
 * deadline, so that a forged or malformed packet cannot end a query early. Three exceptions, all reported so
 * that the caller asks again by TCP: a wrong ID from the right server (`near-miss`), no cookie from a server
 * that has sent one before (`no-cookie`), and a QNAME that came back in other letter case than sent
 * (`caseMatched: false`; its content must not be used).
 * An error response (FORMERR, NOTIMP, SERVFAIL, REFUSED) may come without question section: it matches by
 * address, port and ID alone.
 */
import type { Name, Octets } from '../dns/name.js';
import type { Question } from '../dns/rrset.js';
import type { ExchangeFault, UpstreamTransport } from '../runtime/trace.js';
import type { Message } from '../wire/message.js';

/** Where a server listens. `address` is a literal IPv4 or IPv6 address. */
export interface ServerEndpoint {
  readonly address: string;
  readonly port: number;
}

export interface UpstreamEdns {
  readonly udpSize: number;
  readonly do: boolean;
  /**
   * DNS cookie to send: our 8 octets, and the server's own if it has sent one. A response whose cookie holds other
   * octets of ours is dropped; with the server's, a UDP response without cookie is not believed (RFC 7873 5.3).
   */
  readonly cookie?: Octets | undefined;
}

/** One query to one server. */
export interface UpstreamQuery {
  readonly endpoint: ServerEndpoint;
  readonly transport: UpstreamTransport;
  readonly question: Question;
  /** Recursion desired: true only for forwarders. */
  readonly rd: boolean;
  /** Checking disabled: set towards forwarders, so that we validate ourselves. */
  readonly cd: boolean;
  /** EDNS to send; undefined for a server that chokes on it. */
  readonly edns: UpstreamEdns | undefined;
  /** Draw the letter case of QNAME at random and demand it back (draft-vixie-dnsext-dns0x20). */
  readonly randomCase: boolean;
  /** Zone that the server is asked for; only told to who taps the line. */
  readonly zone?: Name | undefined;
  readonly timeoutMs: number;
}

export type UpstreamResult =
  | {
      readonly kind: 'response';
      readonly message: Message;
      readonly sizeOctets: number;
      readonly rttMs: number;
      /** False when the case of QNAME did not come back as sent; only reported when randomCase was set. */
      readonly caseMatched: boolean;
    }
  | { readonly kind: 'fault'; readonly fault: ExchangeFault; readonly afterMs: number };

export interface Upstream {
  /** Never rejects for what the network does. Safe to call many times at once. */
  exchange(query: UpstreamQuery): Promise<UpstreamResult>;
  /** Ends what is under way (those exchanges end as `connection-closed`) and frees sockets. */
  close(): Promise<void>;
}
