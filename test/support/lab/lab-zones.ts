/**
 * The zones of the laboratory, and what is right to answer about them.
 *
 * 20 TLDs, 1000 zones; each zone is of one of the shapes below, so that every shape is met in every TLD. What
 * an answer must be follows from the shape and not from a server, so that two wrong servers cannot agree.
 */

export interface LabZone {
  /** Without the last dot; `` is the root. */
  readonly apex: string;
  readonly text: string;
}

/** NSD answers from the deepest zone it has: zones of one process never refer to each other. */
export interface LabServer {
  readonly id: string;
  readonly addresses: readonly string[];
  readonly zones: readonly LabZone[];
}

export interface Expectation {
  readonly name: string;
  readonly type: string;
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  /** `owner TYPE rdata`, sorted. */
  readonly answer: readonly string[];
}

export interface Lab {
  readonly rootServers: readonly { readonly name: string; readonly address: string }[];
  readonly servers: readonly LabServer[];
  readonly expectations: readonly Expectation[];
}

/** How a zone is delegated, or what is in it. */
const shapes = ['plain', 'dual', 'glueless', 'sibling', 'deep', 'alias', 'wildcard', 'large'] as const;
type Shape = (typeof shapes)[number];

const TTL = 3600;
const LEAF_ADDRESSES = 40;
const rootServers = [
  { name: 'a.root-servers.net', address: '198.41.0.4' },
  { name: 'b.root-servers.net', address: '170.247.170.2' },
];
const tldNames = [
  ...['com', 'net', 'org', 'nl', 'de', 'uk', 'fr', 'jp', 'br', 'info'],
  ...['eu', 'io', 'dev', 'app', 'shop', 'xn--p1ai', 'museum', 'aero', 'se', 'ch'],
];

/** @param zoneCount zones below the TLDs */
export function makeLab(zoneCount: number): Lab {
  return new LabMaker(zoneCount).lab();
}

class LabMaker {
  private readonly leaves: LabZone[] = [];
  private readonly children: LabZone[] = [];
  private readonly tlds = new Map(tldNames.map((tld) => [tld, new Map<string, Set<string>>()]));
  private readonly expectations: Expectation[] = [];

  constructor(zoneCount: number) {
    for (let i = 0; i < zoneCount; i++) this.addZone(i);
  }

  lab(): Lab {
    const leafAddresses = Array.from({ length: LEAF_ADDRESSES }, (_, i) => [
      leafAddress(i, 1),
      leafAddress(i, 2),
    ]);
    const servers = [
      { id: 'root', addresses: rootServers.map(({ address }) => address), zones: [this.rootZone()] },
      { id: 'tld', addresses: tldNames.flatMap((_, i) => [tldAddress(i)]), zones: this.tldZones() },
      { id: 'leaf', addresses: leafAddresses.flat(), zones: this.leaves },
      { id: 'child', addresses: [childAddress(1), childAddress(2)], zones: this.children },
    ];
    return { rootServers, servers, expectations: this.expectations };
  }

  private apexOf(i: number): string {
    return `zone${i}.${tldNames[i % tldNames.length]}`;
  }

  /** The shape changes every 20 zones, so that each TLD has all of them. */
  private shapeOf(i: number): Shape {
    return shapes[Math.floor(i / tldNames.length) % shapes.length]!;
  }

  /** A zone near `i` with name servers of its own, in the same TLD or in another. */
  private host(i: number, sameTld: boolean): string {
    const round = shapes.length * tldNames.length;
    const base = Math.floor(i / round) * round;
    return this.apexOf(base + ((i + (sameTld ? 0 : 7)) % tldNames.length));
  }

  private addZone(i: number): void {
    const apex = this.apexOf(i);
    const shape = this.shapeOf(i);
    const servers =
      shape === 'glueless' || shape === 'sibling'
        ? [1, 2].map((n) => `ns${n}.${this.host(i, shape === 'sibling')}`)
        : [1, 2].map((n) => `ns${n}.${apex}`);
    const own = servers[0]!.endsWith(apex);
    const addresses = servers.map((_, n) => leafAddress(i, n + 1));
    const lines = [
      `$ORIGIN ${apex}.`,
      `$TTL ${TTL}`,
      `@ SOA ${servers[0]}. hostmaster 1 7200 900 1209600 300`,
      ...servers.map((server) => `@ NS ${server}.`),
      ...(own ? servers.map((server, n) => `${server}. A ${addresses[n]}`) : []),
      '@ MX 10 mail',
      `mail A ${webAddress(i)}`,
      `www A ${webAddress(i)}`,
      ...this.content(i, apex, shape),
    ];
    this.leaves.push({ apex, text: `${lines.join('\n')}\n` });
    this.delegate(apex, servers, own ? addresses : []);
    this.expectCommon(i, apex);
  }

  /** Glue for hosts of other zones stands in the TLD anyway, as that zone's own glue. */
  private delegate(apex: string, servers: readonly string[], addresses: readonly string[]): void {
    const tld = apex.split('.').at(-1)!;
    const lines = this.tlds.get(tld)!;
    const put = (owner: string, data: string) => lines.set(owner, (lines.get(owner) ?? new Set()).add(data));
    for (const [n, server] of servers.entries()) {
      put(`${apex}.`, `NS ${server}.`);
      if (addresses[n] !== undefined) put(`${server}.`, `A ${addresses[n]}`);
    }
  }

  private content(i: number, apex: string, shape: Shape): string[] {
    switch (shape) {
      case 'deep':
        return this.deepContent(i, apex);
      case 'alias':
        return this.aliasContent(i, apex);
      case 'wildcard':
        this.expect(`any${i}.x.${apex}`, 'A', 'NOERROR', [`A ${webAddress(i)}`]);
        this.expect(`any${i}.${apex}`, 'AAAA', 'NOERROR', []);
        this.expect(`any.taken.${apex}`, 'A', 'NXDOMAIN', []);
        this.expect(`deep.er.${apex}`, 'TXT', 'NOERROR', ['TXT "wild"']);
        return [`* A ${webAddress(i)}`, '* TXT "wild"', 'ent.taken TXT "below an empty non-terminal"'];
      case 'large': {
        const strings = Array.from({ length: 14 }, (_, n) => `"${String(n).padEnd(200, 'x')}"`);
        this.expect(`big.${apex}`, 'TXT', 'NOERROR', [`TXT ${strings.join(' ')}`]);
        return [`big TXT ${strings.join(' ')}`];
      }
      case 'dual':
        this.expect(`www.${apex}`, 'AAAA', 'NOERROR', [`AAAA 2001:db8::${(i + 1).toString(16)}`]);
        return [`www AAAA 2001:db8::${(i + 1).toString(16)}`];
      default:
        this.expect(`www.${apex}`, 'AAAA', 'NOERROR', []);
        return [];
    }
  }

  /** A child zone on other servers, and a grandchild on the first ones again. */
  private deepContent(i: number, apex: string): string[] {
    const child = `dept.${apex}`;
    const grandchild = `a.b.${child}`;
    const head = (zone: string, server: string) =>
      `$ORIGIN ${zone}.\n$TTL ${TTL}\n@ SOA ${server} x 1 7200 900 1209600 300\n@ NS ${server}\n`;
    const childServer = `ns.${child}.`;
    this.children.push({
      apex: child,
      text: `${head(child, childServer)}ns A ${childAddress(1 + (i % 2))}\nwww A ${webAddress(i)}\na.b NS ns1.${apex}.\n`,
    });
    this.leaves.push({
      apex: grandchild,
      text: `${head(grandchild, `ns1.${apex}.`)}www.x.y A ${webAddress(i)}\n`,
    });
    this.expect(`www.${child}`, 'A', 'NOERROR', [`A ${webAddress(i)}`]);
    this.expect(`www.x.y.${grandchild}`, 'A', 'NOERROR', [`A ${webAddress(i)}`]);
    this.expect(`x.y.${grandchild}`, 'A', 'NOERROR', []);
    this.expect(`none.${grandchild}`, 'A', 'NXDOMAIN', []);
    return [`dept NS ${childServer}`, `ns.dept A ${childAddress(1 + (i % 2))}`];
  }

  /** Aliases into other TLDs: one that ends well, one that ends nowhere, one of two links. */
  private aliasContent(i: number, apex: string): string[] {
    const there = this.host(i, false);
    const target = Number(/\d+/.exec(there)![0]);
    const link = (owner: string, to: string) => `${owner} CNAME ${to}.`;
    this.expect(
      `far.${apex}`,
      'A',
      'NOERROR',
      [`CNAME www.${there}.`],
      [`www.${there} A ${webAddress(target)}`],
    );
    this.expect(
      `two.${apex}`,
      'A',
      'NOERROR',
      [`CNAME far.${apex}.`],
      [`far.${apex} CNAME www.${there}.`, `www.${there} A ${webAddress(target)}`],
    );
    this.expect(`lost.${apex}`, 'A', 'NXDOMAIN', [`CNAME nowhere.${there}.`]);
    this.expect(`far.${apex}`, 'TXT', 'NOERROR', [`CNAME www.${there}.`]);
    return [link('far', `www.${there}`), link('two', `far.${apex}`), link('lost', `nowhere.${there}`)];
  }

  private expectCommon(i: number, apex: string): void {
    this.expect(`www.${apex}`, 'A', 'NOERROR', [`A ${webAddress(i)}`]);
    this.expect(apex, 'MX', 'NOERROR', [`MX 10 mail.${apex}.`]);
    const wild = this.shapeOf(i) === 'wildcard';
    this.expect(`nothing.${apex}`, 'A', wild ? 'NOERROR' : 'NXDOMAIN', wild ? [`A ${webAddress(i)}`] : []);
  }

  private expect(
    name: string,
    type: string,
    rcode: Expectation['rcode'],
    own: readonly string[],
    others: readonly string[] = [],
  ): void {
    const answer = [...own.map((data) => `${name} ${data}`), ...others].sort();
    this.expectations.push({ name, type, rcode, answer });
  }

  private rootZone(): LabZone {
    const primary = `${rootServers[0]!.name}.`;
    const lines = [
      `. ${TTL} SOA ${primary} x. 1 7200 900 1209600 300`,
      ...rootServers.flatMap(({ name, address }) => [`. ${TTL} NS ${name}.`, `${name}. ${TTL} A ${address}`]),
      ...tldNames.flatMap((tld, i) => [
        `${tld}. ${TTL} NS ns.nic.${tld}.`,
        `ns.nic.${tld}. ${TTL} A ${tldAddress(i)}`,
      ]),
    ];
    return { apex: '', text: `${lines.join('\n')}\n` };
  }

  private tldZones(): LabZone[] {
    return tldNames.map((tld, i) => {
      const below = [...this.tlds.get(tld)!].flatMap(([owner, all]) =>
        [...all].map((data) => `${owner} ${data}`),
      );
      const head = [`$ORIGIN ${tld}.`, `$TTL ${TTL}`, '@ SOA ns.nic x 1 7200 900 1209600 300', '@ NS ns.nic'];
      const rootServer = tld === 'net' ? rootServers.map(({ name, address }) => `${name}. A ${address}`) : [];
      const lines = [...head, `ns.nic A ${tldAddress(i)}`, ...rootServer, ...below];
      return { apex: tld, text: `${lines.join('\n')}\n` };
    });
  }
}

function tldAddress(tld: number): string {
  return `192.5.${tld + 1}.30`;
}

function leafAddress(zone: number, which: number): string {
  return `45.30.${which}.${(zone % LEAF_ADDRESSES) + 1}`;
}

function childAddress(which: number): string {
  return `45.40.0.${which}`;
}

function webAddress(zone: number): string {
  return `203.0.${zone >> 8}.${zone & 255}`;
}
