import { isWithinEditDistance } from '../config/editDistance.ts'
import type { Settings } from '../config/settingsTable.ts'
import { Fault } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { Caller } from '../model/requestContext.ts'
import type { CompiledRule } from '../policy/compiledRules.ts'
import { DEFAULT_RULES } from '../policy/defaultRules.ts'
import { explain, explanationLines } from '../policy/explain.ts'
import { type PolicyInForce, policyLine, rulesInForce } from '../policy/rulesInForce.ts'
import { supposeTarget, supposeTargets } from '../policy/supposedTarget.ts'
import { refusingWith } from './exitCodes.ts'
import { openPolicyFiles } from './policyOfSettings.ts'

/** The options of `gatehouse policy check`, as the command line gives them. */
export interface PolicyQuestion {
  readonly rule?: string
  readonly role?: readonly string[]
  readonly user?: string
  readonly project?: string
  readonly userDomain?: string
  readonly projectDomain?: string
  readonly target?: readonly string[]
}

interface PolicyReport {
  readonly text: string
  /** For standard error: what an operator should know about their own rules. */
  readonly warnings: readonly string[]
}

/** `gatehouse policy list` */
export async function policyList(settings: Settings): Promise<PolicyReport> {
  const policy = await policyInForce(settings)
  return { text: rulesInForce(policy), warnings: policy.rules.warnings }
}

/** `gatehouse policy check`: without a rule a table of all, which allows whatever it says. */
export async function policyCheck(
  settings: Settings,
  question: PolicyQuestion,
): Promise<PolicyReport & { readonly isAllowed: boolean }> {
  const policy = await policyInForce(settings)
  const { warnings } = policy.rules
  const caller = callerOf(question)
  const head = [`policy  ${policyLine(policy)}`, `caller  ${callerWords(question, caller)}`]
  if (question.rule === undefined) {
    const text = [...head, '', ...verdicts(policy, question, caller)].join('\n')
    return { text, warnings, isAllowed: true }
  }
  const rule = ruleNamed(policy, question.rule)
  const target = supposeTarget(rule.target, question.target ?? [], caller)
  const step = explain(policy.rules, rule, caller, target.record)
  const text = [
    `${rule.name} ${step.isAllowed ? 'allows' : 'refuses'} this.`,
    '',
    ...head,
    `target  ${target.words}`,
    '',
    ...explanationLines(step, (name) => policy.origins.get(name)),
  ].join('\n')
  return { text, warnings, isAllowed: step.isAllowed }
}

export async function policyInForce(settings: Settings): Promise<PolicyInForce> {
  return refusingWith('settings', () => openPolicyFiles(settings))
}

function verdicts(
  { rules }: PolicyInForce,
  { target = [] }: PolicyQuestion,
  caller: Caller,
): readonly string[] {
  const targets = supposeTargets(target, caller)
  const asked = new Set(DEFAULT_RULES.map((rule) => rule.target))
  return [...asked].flatMap((kind) => [
    `${targets.get(kind)?.words}:`,
    ...[...rules.enforced.values()]
      .filter((rule) => rule.target === kind)
      .map(({ judge, name }) => {
        return `  ${judge(caller, targets.get(kind)?.record) ? 'yes' : 'no '} ${name}`
      }),
    '',
  ])
}

const ASSUMED_USER = 'somebody'
const ASSUMED_PROJECT = 'some-project'

/** As a token of this user would make one: role names lose their case. */
function callerOf(question: PolicyQuestion): Caller {
  const { role = [], user = ASSUMED_USER, project = ASSUMED_PROJECT } = question
  return {
    userId: user === '' ? null : user,
    projectId: project as ProjectId,
    roles: new Set(role.map((name) => name.toLowerCase())),
    domainId: null,
    userDomainId: question.userDomain ?? null,
    projectDomainId: question.projectDomain ?? null,
    strategy: 'token',
  }
}

function callerWords(question: PolicyQuestion, { userId, projectId, roles }: Caller): string {
  const assumed = (given: string | undefined): string => (given === undefined ? ' (assumed)' : '')
  return [
    `user ${userId ?? 'without id'}${assumed(question.user)}`,
    `project ${projectId}${assumed(question.project)}`,
    `roles ${[...roles].join(', ') || 'none'}`,
  ].join(', ')
}

/** @throws Fault('badRequest') with the names that could be meant */
function ruleNamed({ rules }: PolicyInForce, name: string): CompiledRule {
  for (const rule of rules.enforced.values()) if (rule.name === name) return rule
  if (rules.all.has(name)) {
    throw new Fault(
      'badRequest',
      `${name} is a rule that others are written with; ask one of those, see \`gatehouse policy list\`.`,
    )
  }
  const near = nearest(name, [...rules.enforced.keys()])
  const meant = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`
  throw new Fault(
    'badRequest',
    `There is no rule ${name}.${meant} \`gatehouse policy list\` has them all.`,
  )
}

const MOST_EDITS = 4
const MOST_NAMES = 5

/** The closest spellings; else the rules about the same thing (`secret:read` is near `secret:get`). */
function nearest(name: string, known: readonly string[]): readonly string[] {
  for (let edits = 1; edits <= MOST_EDITS; edits++) {
    const near = known.filter((each) => isWithinEditDistance(name, each, edits))
    if (near.length > 0) return near.slice(0, MOST_NAMES)
  }
  const [thing = ''] = name.split(':')
  return known.filter((each) => each.startsWith(`${thing}:`)).slice(0, MOST_NAMES)
}
