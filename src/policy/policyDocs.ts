import { DEFAULT_RULES } from './defaultRules.ts'
import type { EnforcedRule } from './enforcedRule.ts'
import { SHARED_RULES } from './sharedRules.ts'

/** A policy.yaml that changes nothing: every rule commented out, with what it guards. */
export function renderSamplePolicy(): string {
  const lines = [
    '# Policy of Gatehouse, in the language of oslo.policy. A rule of the same name replaces the default in both',
    '# modes. Save as policy.yaml beside the configuration, or below policy.d; it is read again when it changes.',
    '',
  ]
  for (const { name, check, description } of SHARED_RULES) {
    lines.push(`# ${description}`, `#${quoted(name)}: ${quoted(check)}`, '')
  }
  for (const rule of DEFAULT_RULES) {
    lines.push(`# ${rule.description}`)
    for (const { method, path } of rule.operations) lines.push(`# ${method} ${path}`)
    lines.push(
      '# With enforce_new_defaults = True:',
      `#${quoted(rule.name)}: ${quoted(rule.current)}`,
      '# Without (the default):',
      `#${quoted(rule.name)}: ${quoted(rule.legacy)}`,
      '',
    )
  }
  return lines.join('\n')
}

/** docs/policy.md */
export function renderPolicyReference(): string {
  return [
    '# Policy',
    '',
    'Who may do what. Generated from the table of default rules; change it there.',
    '',
    '`[oslo_policy] enforce_new_defaults` chooses the column: off (the default) it is the roles that Barbican has always',
    'had (`creator`, `observer`, `audit`, `key-manager:service-admin`, `admin`), on it is `admin` and `member`. Roles compare without',
    'regard to case. A rule in `policy_file` or `policy_dirs` replaces the default of its name in both columns; the files are',
    'read again when they change, and a broken one leaves the last good policy in force. A 403 names the rule that refused.',
    '',
    'In words: [the language](#the-language), [rules](#rules), [shared rules](#shared-rules).',
    '',
    '## The language',
    '',
    '| check | holds when |',
    '|---|---|',
    ...LANGUAGE.map(([check, meaning]) => `| \`${check}\` | ${meaning} |`),
    '',
    'Facts of the target: `project_id`; `target.secret.project_id`, `target.secret.creator_id`, `target.secret.read` (`read` when the',
    'user stands in the ACL), `target.secret.read_project_access` (the last two not for `secret_acls:*`); `target.order.project_id`,',
    '`target.order.creator_id`; `enforce_new_defaults`. Facts of the caller: `user_id`, `project_id`, `domain_id`, `user_domain_id`, `project_domain_id`,',
    '`system_scope`, `roles`, `is_admin`. Nothing that a client sends in a body or a query is a fact.',
    '',
    '## Rules',
    '',
    ...DEFAULT_RULES.flatMap(renderRule),
    '## Shared rules',
    '',
    '| name | check | meaning |',
    '|---|---|---|',
    ...SHARED_RULES.map((rule) => `| \`${rule.name}\` | \`${rule.check}\` | ${rule.description} |`),
    '',
  ].join('\n')
}

const LANGUAGE: readonly (readonly [string, string])[] = [
  ['role:admin', 'the caller has that role'],
  ['rule:NAME', 'that rule holds; an unknown one is `default`, and without `default` it refuses'],
  ['user_id:%(target.secret.creator_id)s', 'a fact of the caller equals a fact of the target'],
  ["'read':%(target.secret.read)s, True:%(...)s", 'a literal equals a fact of the target'],
  ['@ or an empty text', 'always'],
  ['!', 'never'],
  ['not A, A and B, A or B, ( )', '`not` binds closest, then `and`, then `or`'],
  ['[["A", "B"], ["C"]]', 'the old form: A and B, or C'],
]

function renderRule(rule: EnforcedRule): string[] {
  return [
    `### ${rule.name}`,
    '',
    rule.description,
    '',
    ...rule.operations.map(({ method, path }) => `- \`${method} ${path}\``),
    '',
    '| | check |',
    '|---|---|',
    `| default | \`${rule.legacy}\` |`,
    `| new defaults | \`${rule.current}\` |`,
    `| scope | ${rule.scopeTypes.join(', ')} |`,
    '',
  ]
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
