import type { Acl } from '../model/acl.ts'
import type { Container } from '../model/container.ts'
import type { Order } from '../model/order.ts'
import type { ProtectedRecord } from '../model/record.ts'
import type { Caller } from '../model/requestContext.ts'
import type { Secret } from '../model/secret.ts'

/** undefined: there is no such fact, and a check that asks for it fails. */
export type Fact = string | boolean | null | undefined
/** All that policy looks at in a record. */
export type JudgedRecord =
  | Pick<Secret, 'kind' | 'projectId' | 'creatorId' | 'acl'>
  | Pick<Container, 'kind' | 'projectId' | 'creatorId' | 'acl'>
  | Pick<Order, 'kind' | 'projectId' | 'creatorId'>
/** Reads a fact of what is operated on: a stored record, or for collections the caller's own project. */
export type TargetFact = (caller: Caller, record: JudgedRecord | undefined) => Fact
export type CallerFact = (caller: Caller) => Fact | readonly string[]

/** What a rule is asked about. An ACL is its secret or container without the privacy facts (contract 06). */
export type TargetKind = 'project' | 'secret' | 'secretAcl' | 'container' | 'containerAcl' | 'order'

export const NOUN = {
  secret: 'secret',
  secretAcl: 'secret',
  container: 'container',
  containerAcl: 'container',
  order: 'order',
} satisfies Record<Exclude<TargetKind, 'project'>, ProtectedRecord['kind']>

export interface Vocabulary {
  readonly target: ReadonlyMap<string, TargetFact>
  readonly caller: ReadonlyMap<string, CallerFact>
}

export interface VocabularyOptions {
  readonly enforceNewDefaults: boolean
  /** `[DEFAULT] admin_role`: who `is_admin:True` is. */
  readonly adminRole: string
}

/**
 * Everything a rule can ask. Targets come from the verified record alone: nothing a client sends with a
 * request is ever a fact (CVE-2022-3100 was a query string that became one).
 */
export function vocabularyFor(kind: TargetKind, options: VocabularyOptions): Vocabulary {
  return { target: new Map(targetFacts(kind, options)), caller: new Map(callerFacts(options)) }
}

function targetFacts(kind: TargetKind, options: VocabularyOptions): [string, TargetFact][] {
  // Rules copied from Barbican's own sample begin with `True:%(enforce_new_defaults)s`.
  const newDefaults: [string, TargetFact] = [
    'enforce_new_defaults',
    () => options.enforceNewDefaults,
  ]
  if (kind === 'project') return [newDefaults, ['project_id', (caller) => caller.projectId]]
  const name = NOUN[kind]
  const facts: [string, TargetFact][] = [
    newDefaults,
    ['project_id', projectOf],
    [`target.${name}.project_id`, projectOf],
    [`target.${name}.creator_id`, (_caller, record) => record?.creatorId],
  ]
  if (kind === 'secret' || kind === 'container') {
    facts.push(
      [`target.${name}.read`, readAcl],
      [`target.${name}.read_project_access`, projectAccess],
    )
  }
  return facts
}

const projectOf: TargetFact = (_caller, record) => record?.projectId

/** 'read' when the caller stands in the read ACL. A caller without user id stands in none. */
const readAcl: TargetFact = (caller, record) => {
  const acl = aclOf(record)
  if (acl == null || caller.userId === null) return undefined
  return acl.users.includes(caller.userId) ? 'read' : undefined
}

const projectAccess: TargetFact = (_caller, record) => {
  const acl = aclOf(record)
  return acl === null ? true : acl?.projectAccess
}

/** null: the record has no ACL; undefined: its kind never has one. */
function aclOf(record: JudgedRecord | undefined): Acl | null | undefined {
  return record === undefined || record.kind === 'order' ? undefined : record.acl
}

function callerFacts(options: VocabularyOptions): [string, CallerFact][] {
  const adminRole = options.adminRole.toLowerCase()
  return [
    ['user_id', (caller) => caller.userId],
    ['project_id', (caller) => caller.projectId],
    ['domain_id', (caller) => caller.domainId],
    ['user_domain_id', (caller) => caller.userDomainId],
    ['project_domain_id', (caller) => caller.projectDomainId],
    // System-scoped tokens end at 401, long before policy.
    ['system_scope', () => null],
    ['roles', (caller) => [...caller.roles]],
    ['is_admin', (caller) => caller.roles.has(adminRole)],
  ]
}

/** As Python prints it, because rules compare with `True:` and `None:`. */
export function factText(fact: Exclude<Fact, undefined>): string {
  if (fact === null) return 'None'
  if (typeof fact === 'boolean') return fact ? 'True' : 'False'
  return fact
}
