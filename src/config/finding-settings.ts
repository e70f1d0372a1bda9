import { literalPattern } from '../core/literal-pattern.ts';
import { nearest } from '../core/nearest.ts';
import { PortlogError } from '../core/errors.ts';
import { SEVERITY } from '../event/event.ts';
import type { FindingOptions, RuleSetting } from '../finding/finder.ts';
import { RULES } from '../finding/registry.ts';
import type { RiskyService } from '../finding/risky-service.ts';
import type { Config, RuleConfig } from './config.ts';

type FindingConfig = NonNullable<Config['findings']>;

/** Settings for findings that do not depend on data. */
export type FindingSettings = Pick<FindingOptions, 'rules' | 'services' | 'guesses'>;

/** Throws `config-invalid` for a rule that there is not, or that there is twice. */
export function findingSettings({ rules = {}, services = [], guesses }: FindingConfig): FindingSettings {
  refuseUnknownRule(Object.keys(rules), services);
  refuseTwice(services);
  return {
    guesses,
    rules: new Map(Object.entries(rules).map(([id, rule]) => [id, ruleSetting(rule)])),
    services: services.map(ownService),
  };
}

type OwnService = NonNullable<FindingConfig['services']>[number];

function refuseUnknownRule(ids: readonly string[], services: readonly OwnService[]): void {
  const known = new Set([...RULES, ...services].map(({ id }) => id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown === undefined) return;
  const guess = nearest(
    unknown,
    RULES.map(({ id }) => id),
  );
  throw new PortlogError('config-invalid', `findings.rules: there is no rule "${unknown}"`, {
    hint: guess === undefined ? 'docs/reference/rules.md lists them' : `did you mean "${guess}"?`,
  });
}

function refuseTwice(services: readonly OwnService[]): void {
  const twice = services.findIndex(({ id }, index) => RULES.some((rule) => rule.id === id) || services.findIndex((other) => other.id === id) < index);
  if (twice === -1) return;
  throw new PortlogError('config-invalid', `findings.services.${twice}.id: there is a rule "${services[twice]?.id ?? ''}" already`, {
    hint: 'give it another id',
  });
}

function ownService({ category = 'other', services: names = [], severity, external = severity, ...service }: OwnService): RiskyService {
  return {
    ...service,
    category,
    services: new RegExp(`^(?:${names.map(literalPattern).join('|')})$`),
    severity: SEVERITY[severity],
    external: SEVERITY[external],
    references: [],
  };
}

function ruleSetting({ severity, silence, zones = {} }: RuleConfig): RuleSetting {
  return {
    severity: severity && SEVERITY[severity],
    silence,
    zones: new Map(Object.entries(zones).map(([zone, setting]) => [zone, ruleSetting(setting)])),
  };
}
