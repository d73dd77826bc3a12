/**
 * Trust ranks of data, RFC 2181 5.4.1, from the least to the most trusted.
 *
 * The resolver says the rank when it stores; the resolver cache compares. Only data of rank
 * `nonAuthoritativeAnswer` or better may answer a client; glue and the like only find servers.
 */

/** Trust ranks; a bigger number is better trusted. */
export const Rank = {
  /** Built in: root hints, stub and forward servers from the configuration. */
  hint: 0,
  /** Additional section, glue of a referral, of a response that is not authoritative. */
  glue: 1,
  /** NS RRset in the authority section of a referral. */
  referral: 2,
  /** Additional section of an authoritative answer. */
  additional: 3,
  /** Answer section of a response without AA, or what follows an alias in one with AA. */
  nonAuthoritativeAnswer: 4,
  /** Authority section of an authoritative answer. */
  authority: 5,
  /** Answer section of an authoritative answer. */
  answer: 6,
} as const;

export type Rank = (typeof Rank)[keyof typeof Rank];

/** The least rank that may be sent to a client as an answer (RFC 2181 5.4.1, last paragraphs). */
export const MIN_ANSWER_RANK: Rank = Rank.nonAuthoritativeAnswer;

/** Name of a rank, for dumps and the page. */
export function formatRank(rank: number): string {
  return Object.entries(Rank).find(([, value]) => value === rank)?.[0] ?? `rank ${rank}`;
}
