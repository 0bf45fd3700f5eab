import type { ProjectId } from '../lib/ids.ts'
import type { Caller } from '../model/requestContext.ts'
import { compileRules } from './compiledRules.ts'
import { DEFAULT_RULES } from './defaultRules.ts'
import type { EnforcedRule } from './enforcedRule.ts'
import { explain, explanationLines } from './explain.ts'
import { type TargetKind, vocabularyFor } from './facts.ts'
import { SHARED_RULES } from './sharedRules.ts'
import { supposeTarget } from './supposedTarget.ts'

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
    'In words: [the language](#the-language), [asking it](#asking-it), [what may surprise](#what-may-surprise), [rules](#rules),',
    '[shared rules](#shared-rules).',
    '',
    '## The language',
    '',
    '| check | holds when |',
    '|---|---|',
    ...LANGUAGE.map(([check, meaning]) => `| \`${check}\` | ${meaning} |`),
    '',
    '| what is asked for | its facts |',
    '|---|---|',
    ...TARGETS.map(([kind, words]) => `| ${words} | ${factNames(kind)} |`),
    '',
    '`target.*.read` is `read` when the user stands in the read ACL; `target.*.read_project_access` is False when an ACL makes it',
    'private, and True else. Facts of the caller: `user_id`, `project_id`, `domain_id`, `user_domain_id`, `project_domain_id`,',
    '`system_scope`, `roles`, `is_admin`. Nothing that a client sends in a body or a query is a fact.',
    '',
    '## Asking it',
    '',
    '`gatehouse policy list` prints the rules in force and where each override came from, `gatehouse policy sample` a policy.yaml to',
    'begin with, and `gatehouse policy check` explains a decision, by the same compiled rules that the server asks. It reads the',
    'settings and the policy files, and no database: what would be stored is said with `--target`.',
    '',
    '```',
    '$ gatehouse policy check --rule secret:put --role observer --user ada --project demo --target creator_id=ada',
    ...example(),
    '```',
    '',
    'The exit code is 0 when allowed and 1 when refused. Without `--rule` it is a table of all rules.',
    '',
    '## What may surprise',
    '',
    ...SURPRISES.map((each) => `- ${each}`),
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

const TARGETS: readonly (readonly [TargetKind, string])[] = [
  ['project', 'a collection, or something that belongs to no project'],
  ['secret', 'a secret, its metadata and consumers'],
  ['secretAcl', 'the ACL of a secret (`secret_acls:*`)'],
  ['container', 'a container, its secrets and consumers'],
  ['containerAcl', 'the ACL of a container (`container_acls:*`)'],
  ['order', 'an order'],
]

function factNames(kind: TargetKind): string {
  const { target } = vocabularyFor(kind, { enforceNewDefaults: false, adminRole: 'admin' })
  return [...target.keys()].map((name) => `\`${name}\``).join(', ')
}

/** An explanation that nobody has to keep in step with the code. */
function example(): readonly string[] {
  const rules = compileRules({ enforceNewDefaults: false })
  const rule = rules.enforced.get('secret:put')
  if (rule === undefined) return []
  const projectId = 'demo' as ProjectId
  const caller: Caller = {
    userId: 'ada',
    projectId,
    roles: new Set(['observer']),
    domainId: null,
    userDomainId: null,
    projectDomainId: null,
    strategy: 'token',
  }
  const { record, words } = supposeTarget(rule.target, ['creator_id=ada'], caller)
  const step = explain(rules, rule, caller, record)
  return [
    `${rule.name} ${step.isAllowed ? 'allows' : 'refuses'} this.`,
    '...',
    `target  ${words}`,
    '',
    ...explanationLines(step, () => undefined),
  ]
}

/** Barbican's own answers, kept because clouds rely on them. */
const SURPRISES: readonly string[] = [
  'Default: every creator of the project may read, replace and remove the ACL of a private secret of somebody else, and so open it; and may PUT its payload. Rules about ACLs are not told who is in one.',
  'Default: the roles observer, audit and `key-manager:service-admin` may add and remove consumers of what the project shares.',
  'New defaults: an admin of any project may read the metadata of every secret and delete it, but not read its payload. Each such decision stands in the audit stream.',
  'New defaults: only `member` and `reader` are asked for to create, list, order and read quotas. Keystone gives them to every admin; an admin without them is refused there.',
  'Both: whoever may list the secrets of the project sees the metadata of private ones in the list.',
  'Both: what does not exist is 404 before any rule is asked, what is not yours is 403: an id can be told to exist.',
  'Both: a refusal comes before the body is read, so a broken body without the right to send it is 403, not 400.',
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
