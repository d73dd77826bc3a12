import { SharedStubCache } from '../../../src/cache/shared-stub-cache/shared-stub-cache.js';
import { stubCacheContract } from '../../support/stub-cache-contract.js';

stubCacheContract('SharedStubCache', (clock, maxOctets) =>
  SharedStubCache.alone({ clock, maxOctets, seed: 1 }),
);
