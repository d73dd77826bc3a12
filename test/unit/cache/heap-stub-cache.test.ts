import { evictionKinds } from '../../../src/cache/eviction/create.js';
import { HeapStubCache } from '../../../src/cache/heap-stub-cache.js';
import { stubCacheContract } from '../../support/stub-cache-contract.js';

stubCacheContract('HeapStubCache', (clock, maxOctets) => new HeapStubCache({ clock, maxOctets }));

for (const eviction of evictionKinds) {
  if (eviction === 'none') continue; // it refuses where the contract expects an eviction
  stubCacheContract(
    `HeapStubCache with ${eviction}`,
    (clock, maxOctets) => new HeapStubCache({ clock, maxOctets, eviction }),
  );
}
