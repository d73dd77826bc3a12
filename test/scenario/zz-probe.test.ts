import { fileURLToPath } from 'node:url';
import { it } from 'vitest';
import { loadInternet } from '../../src/authority/load.js';
import { ScenarioNet } from '../support/scenario-net.js';

const zonesDir = fileURLToPath(new URL('../../zones', import.meta.url));
it('probe', async () => {
  const { internet } = loadInternet(zonesDir);
  const net = new ScenarioNet(internet!, { config: '', trustAnchors: internet!.trustAnchors });
  const b = (n: string, t = 'A') => [`${n}.`, t] as const;
  const kids =
    'expired not-yet-valid wrong-ds ds-unsigned no-rrsig no-dnskey hidden-key corrupt no-nsec wrong-nsec wrong-nsec3 wildcard-no-proof no-zone-bit revoked many-iterations unknown-algorithm unknown-digest'.split(
      ' ',
    );
  const asks = [
    ...'www.example.com www.example.net www.example.org www.example.nl www.example.co.nl example.co.nl www.shop.example.com www.left.example.org any.wild.test x.ent.wild.test b.c.ent.test www.x.y.z.ent.test www.moved.dname.test docs.legacy.example.net none.negative.test www.deep.test www.d.deep.test www.c.d.deep.test www.b.c.d.deep.test www.a.b.c.d.deep.test co.nl www.nic.org www.signed.test www.broken.test nothing.test nothing.com nothing.org'
      .split(' ')
      .map((n) => b(n)),
    ...'rsa p256 p384 ed25519 ed448 nsec3 optout island unsigned'
      .split(' ')
      .flatMap((z) =>
        ['www', 'alias', 'nothing', 'text', 'x.wild', 'b.ent', 'www.old'].map((n) =>
          b(`${n}.${z}.signed.test`),
        ),
      ),
    b('www.insecure.optout.signed.test'),
    b('to-unsigned.signed.test'),
    b('to-bogus.signed.test'),
    ...kids.flatMap((k) => ['www', 'text', 'nothing', 'x.wild'].map((n) => b(`${n}.${k}.bogus.test`))),
  ];
  for (const [n, t] of asks) {
    net.resetQueries();
    const { outcome } = await net.resolve(n, t);
    const o = outcome as any;
    console.log(
      n,
      t,
      o.kind,
      o.security ?? o.reason,
      JSON.stringify((o.ede ?? []).map((e: any) => `${e.code} ${e.text}`)),
      net.queries.length,
    );
  }
});
