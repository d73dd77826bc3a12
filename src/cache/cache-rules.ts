/**
 * How long data of some names is kept, where the operator wants it otherwise than for all: not at all, at least,
 * at most.
 *
 * The rule at the nearest name at or above a name holds for it; what a rule leaves open is as for all names. Asked by the
 * resolver before it looks into caches, and by each cache when it stores. Without rules there is no object, so that
 * a query costs one branch. Limitations: types are not told apart.
 */
import { type Name, parentName, ROOT } from '../dns/name.js';

export interface CacheRule {
  readonly name: Name;
  /** Every query walks; what it finds is for it and for equal ones under way. */
  readonly noCache: boolean;
  readonly minTtlSec?: number | undefined;
  readonly maxTtlSec?: number | undefined;
  /** Longest life of a denial. */
  readonly negativeMaxSec?: number | undefined;
}

interface Limits {
  readonly minSec: number;
  readonly maxSec: number;
}

export class CacheRules {
  private readonly byName: ReadonlyMap<Name, CacheRule>;

  private constructor(rules: readonly CacheRule[]) {
    this.byName = new Map(rules.map((rule) => [rule.name, rule]));
  }

  /** Undefined when there are none. */
  static of(rules: readonly CacheRule[]): CacheRules | undefined {
    return rules.length === 0 ? undefined : new CacheRules(rules);
  }

  /** The rule that holds for a name. */
  find(name: Name): CacheRule | undefined {
    for (let at = name; ; at = parentName(at)) {
      const rule = this.byName.get(at);
      if (rule || at === ROOT) return rule;
    }
  }

  /** Limits of the TTL of data at a name; `common` are those of all others. */
  limits(name: Name, common: Limits): Limits {
    const rule = this.find(name);
    if (rule === undefined || (rule.minTtlSec === undefined && rule.maxTtlSec === undefined)) return common;
    const { minTtlSec, maxTtlSec } = rule;
    return {
      minSec: minTtlSec ?? Math.min(common.minSec, maxTtlSec!),
      maxSec: maxTtlSec ?? Math.max(common.maxSec, minTtlSec!),
    };
  }

  /** Longest life of a denial of a name. */
  negativeMaxSec(name: Name, commonSec: number): number {
    return this.find(name)?.negativeMaxSec ?? commonSec;
  }

  /** True for names of which nothing is kept. */
  forbids(name: Name): boolean {
    return this.find(name)?.noCache === true;
  }
}
