import { Fault } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { Acl } from '../model/acl.ts'
import type { Caller } from '../model/requestContext.ts'
import { type JudgedRecord, NOUN, type TargetKind } from './facts.ts'

/** A record that nobody stored, for asking a rule what it would say. */
export interface SupposedTarget {
  /** undefined: the rule is about the caller's own project. */
  readonly record: JudgedRecord | undefined
  /** What was supposed, for people to read; assumptions are marked. */
  readonly words: string
}

type FactName = 'project_id' | 'creator_id' | 'read' | 'read_project_access'

/** Nobody's id: who does not say otherwise asks about a record of somebody else. */
const ANOTHER_USER = 'somebody-else'
const NO_TIME = '' as Timestamp

const EVERY_KIND: readonly TargetKind[] = [
  'project',
  'secret',
  'secretAcl',
  'container',
  'containerAcl',
  'order',
]

/** The facts that can be supposed of a target, by the names rules know them by. */
export function supposableFacts(kind: TargetKind): readonly string[] {
  return namesOf(kind).map((name) => fullName(kind, name))
}

/**
 * The target that `name=value` pairs describe. Names are those of rules, or their last part alone. What is
 * not said is assumed: the caller's project, another creator, no ACL.
 * @throws Fault('badRequest') that lists what can be said
 */
export function supposeTarget(
  kind: TargetKind,
  pairs: readonly string[],
  caller: Caller,
): SupposedTarget {
  return supposed(kind, factsIn(kind, pairs), caller)
}

/** For several rules at once: of the pairs, each kind of target takes those that it has a fact for. */
export function supposeTargets(
  pairs: readonly string[],
  caller: Caller,
): ReadonlyMap<TargetKind, SupposedTarget> {
  const known = new Set(EVERY_KIND.flatMap((kind) => [...acceptedNames(kind).keys()]))
  for (const pair of pairs) {
    const [name] = split(pair)
    if (!known.has(name)) throw unknownFact(name, EVERY_KIND.flatMap(supposableFacts))
  }
  return new Map(
    EVERY_KIND.map((kind) => {
      const accepted = acceptedNames(kind)
      const fitting = pairs.filter((pair) => accepted.has(split(pair)[0]))
      return [kind, supposeTarget(kind, fitting, caller)]
    }),
  )
}

function namesOf(kind: TargetKind): readonly FactName[] {
  if (kind === 'project') return []
  const hasPrivacy = kind === 'secret' || kind === 'container'
  return ['project_id', 'creator_id', ...(hasPrivacy ? PRIVACY : [])]
}
const PRIVACY: readonly FactName[] = ['read', 'read_project_access']

function fullName(kind: TargetKind, name: FactName): string {
  return kind === 'project' ? name : `target.${NOUN[kind]}.${name}`
}

function acceptedNames(kind: TargetKind): ReadonlyMap<string, FactName> {
  return new Map(
    namesOf(kind).flatMap((name) => [
      [name, name],
      [fullName(kind, name), name],
    ]),
  )
}

function factsIn(kind: TargetKind, pairs: readonly string[]): ReadonlyMap<FactName, string> {
  const accepted = acceptedNames(kind)
  const facts = new Map<FactName, string>()
  for (const pair of pairs) {
    const [given, value] = split(pair)
    const name = accepted.get(given)
    if (name === undefined) throw unknownFact(given, supposableFacts(kind))
    if (facts.has(name)) throw new Fault('badRequest', `--target says ${name} twice.`)
    facts.set(name, value)
  }
  return facts
}

function split(pair: string): readonly [string, string] {
  const at = pair.indexOf('=')
  if (at < 0) throw new Fault('badRequest', `--target ${pair}: write it as name=value.`)
  return [pair.slice(0, at), pair.slice(at + 1)]
}

function unknownFact(name: string, known: readonly string[]): Fault {
  if (name === 'enforce_new_defaults') {
    return new Fault('badRequest', `${name} comes from the settings, [oslo_policy].`)
  }
  const list = [...new Set(known)].join(', ')
  return new Fault(
    'badRequest',
    list === ''
      ? `There is no fact ${name} here: this rule is asked about the caller's own project (--project).`
      : `There is no fact ${name} here; there are ${list}.`,
  )
}

function supposed(
  kind: TargetKind,
  facts: ReadonlyMap<FactName, string>,
  caller: Caller,
): SupposedTarget {
  if (kind === 'project') {
    return { record: undefined, words: `project ${caller.projectId}, the caller's own` }
  }
  const projectId = (facts.get('project_id') ?? caller.projectId) as ProjectId
  const creator = facts.get('creator_id') ?? ANOTHER_USER
  const isAcl = kind === 'secretAcl' || kind === 'containerAcl'
  const words = [
    `${isAcl ? 'the ACL of a ' : ''}${NOUN[kind]} of project ${projectId}${assumed(facts, 'project_id')}`,
    `created by ${creator === '' ? 'nobody' : creator}${assumed(facts, 'creator_id')}`,
  ]
  const common = { projectId, creatorId: creator === '' ? null : creator }
  if (kind === 'order') {
    return { record: { kind: 'order', ...common }, words: words.join(', ') }
  }
  const acl = supposedAcl(facts, caller)
  if (!isAcl) words.push(aclWords(acl, facts))
  return { record: { kind: NOUN[kind], ...common, acl }, words: words.join(', ') }
}

function assumed(facts: ReadonlyMap<FactName, string>, name: FactName): string {
  return facts.has(name) ? '' : ' (assumed)'
}

function supposedAcl(facts: ReadonlyMap<FactName, string>, caller: Caller): Acl | null {
  const read = facts.get('read') ?? ''
  if (!['', 'none', 'read'].includes(read.toLowerCase())) {
    throw new Fault('badRequest', `The fact read is "read" for a user in the ACL, else None.`)
  }
  const access = (facts.get('read_project_access') ?? 'true').toLowerCase()
  if (access !== 'true' && access !== 'false') {
    throw new Fault('badRequest', 'The fact read_project_access is True or False.')
  }
  const isListed = read.toLowerCase() === 'read'
  if (isListed && caller.userId === null) {
    throw new Fault('badRequest', 'A caller without user id stands in no ACL: give --user.')
  }
  if (!isListed && access === 'true') return null
  const users = isListed && caller.userId !== null ? [caller.userId] : []
  return { projectAccess: access === 'true', users, createdAt: NO_TIME, updatedAt: NO_TIME }
}

function aclWords(acl: Acl | null, facts: ReadonlyMap<FactName, string>): string {
  if (acl === null) {
    const isSaid = facts.has('read') || facts.has('read_project_access')
    return `open to its project, the user in no ACL${isSaid ? '' : ' (assumed)'}`
  }
  const privacy = acl.projectAccess ? 'open to its project' : 'private'
  return `${privacy}, the user ${acl.users.length > 0 ? 'in its read ACL' : 'in no ACL'}`
}
