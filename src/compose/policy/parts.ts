/**
 * What a policy is loaded in: a list, the hosts files of a view, a local zone.
 *
 * A part is known by what the configuration says of it, so that views which have the same list share one, and a reload
 * loads again only what has changed.
 */
import type { Config } from '../../config/fields.js';
import type { HostsImage } from '../../policy/hosts.js';
import type { RpzImage } from '../../policy/rpz-reader.js';
import type { BlockListImage } from '../../policy/rules.js';
import type { ZoneImage } from '../../zone/packed-zone.js';
import type { FileStamp } from './reader.js';

export type PolicyConfig = Pick<Config, 'policy' | 'views'>;

export type PolicyPart =
  | { readonly kind: 'list'; readonly list: Config['policy']['lists'][number] }
  | { readonly kind: 'hosts'; readonly paths: readonly string[] }
  | { readonly kind: 'zone'; readonly path: string };

/** A part as it was loaded; in memory that threads share. */
export interface LoadedPart {
  readonly image:
    | BlockListImage
    | RpzImage
    | (HostsImage & { readonly kind: 'hosts' })
    | (ZoneImage & { readonly kind: 'zone' });
  /** Every file that was read for it, as it was then. */
  readonly files: readonly FileStamp[];
}

/** All parts of a policy as they were loaded, by their keys: what one thread loads and others serve by. */
export type PolicyImage = ReadonlyMap<string, LoadedPart>;

/** What all threads serve by from one moment on. */
export interface HeldPolicy {
  readonly image: PolicyImage;
  /** Grows whenever answers of before may not be given any more; whole answers are kept apart by it. */
  readonly generation: number;
}

/** @param answersStand those of before are still right, if what was loaded is the same */
export function nextPolicy(held: HeldPolicy, image: PolicyImage, answersStand: boolean): HeldPolicy {
  const stands = answersStand && image === held.image;
  return { image, generation: held.generation + (stands ? 0 : 1) };
}

export function keyOf(part: PolicyPart): string {
  return JSON.stringify(part);
}

/** The parts of one view or of everybody. */
export function partsIn({ lists, hosts, localZones }: Config['policy']): {
  readonly lists: readonly PolicyPart[];
  readonly hosts: PolicyPart | undefined;
  readonly zones: readonly PolicyPart[];
} {
  return {
    lists: lists.map((list) => ({ kind: 'list', list })),
    hosts: hosts.length > 0 ? { kind: 'hosts', paths: hosts } : undefined,
    zones: localZones.map((path) => ({ kind: 'zone', path })),
  };
}

/** All parts of a configuration, each once. */
export function partsOf({ policy, views }: PolicyConfig): ReadonlyMap<string, PolicyPart> {
  const all = [policy, ...views.map((view) => view.policy)].flatMap((one) => {
    const { lists, hosts, zones } = partsIn(one);
    return [...lists, ...(hosts ? [hosts] : []), ...zones];
  });
  return new Map(all.map((part) => [keyOf(part), part]));
}

export function pathsOf(part: PolicyPart): readonly string[] {
  switch (part.kind) {
    case 'list':
      return [part.list.path];
    case 'hosts':
      return part.paths;
    case 'zone':
      return [part.path];
  }
}
