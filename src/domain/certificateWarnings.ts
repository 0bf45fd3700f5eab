import { secondsOf, type Timestamp, wireTime } from '../lib/timestamp.ts'
import {
  type CertificateFacts,
  type CertificateLink,
  type ChainState,
  type PayloadFacts,
  WARNING_DAYS,
} from '../model/certificateFacts.ts'

export const WARNING_CODES = [
  'expired',
  'expires_soon',
  'not_yet_valid',
  'unreadable',
  'not_looked_at',
  'certificate_missing',
  'chain_missing',
  'chain_broken',
  'key_mismatch',
] as const

/** What may fail when somebody uses a certificate. Clients match on codes; the wording is for people. */
export interface CertificateWarning {
  readonly code: (typeof WARNING_CODES)[number]
  readonly message: string
}

/** The members of a container of certificates, as far as anything is known of them. */
export interface MemberFacts {
  readonly certificate: Member | undefined
  readonly privateKey: Member | undefined
  readonly intermediates: Member | undefined
}

/** 'unknown': it is there, and nothing was read from it. */
export type Member = PayloadFacts | 'unknown'

export interface JudgedContainer {
  readonly notBefore: Timestamp | null
  readonly notAfter: Timestamp | null
  readonly privateKey: 'none' | 'matches' | 'differs' | 'unknown'
  readonly chain: ChainState | 'unknown'
  readonly warnings: readonly CertificateWarning[]
}

const DAY_SECONDS = 86_400
const SOON_DAYS = Math.max(...WARNING_DAYS)
const READ_IT = '`gatehouse certificates check --all` looks at what was stored before.'

/** @param soonDays what is left when it ends soon */
export function judgePayload(
  facts: PayloadFacts,
  now: Timestamp,
  soonDays = SOON_DAYS,
): readonly CertificateWarning[] {
  if (facts.kind === 'privateKey') return []
  if (facts.kind === 'unreadable') {
    return [{ code: 'unreadable', message: 'The payload is no certificate in PEM or DER form.' }]
  }
  const warnings = [...judgeDates(facts, now, soonDays)]
  if (facts.chain === 'missing') {
    warnings.push({
      code: 'chain_missing',
      message: 'Nobody who issued the certificate comes with it: clients have to know its issuer.',
    })
  }
  if (facts.chain === 'broken') {
    warnings.push({
      code: 'chain_broken',
      message: 'One of the certificates was not issued by the one that follows it.',
    })
  }
  if (facts.ownKey === 'differs') warnings.push(keyMismatch('in the payload'))
  return warnings
}

/** Certificates, key and intermediates of a container, which belong together as its owner says. */
export function judgeContainer(
  members: MemberFacts,
  now: Timestamp,
  soonDays = SOON_DAYS,
): JudgedContainer {
  const { certificate, privateKey, intermediates } = members
  const facts = certificateIn(certificate)
  const chain = facts === undefined ? 'unknown' : chainThrough(facts, intermediates)
  const key = keyOf(facts, privateKey)
  const of = [facts, certificateIn(intermediates)].filter((one) => one !== undefined)
  const warnings: CertificateWarning[] = []
  if (certificate === undefined) {
    warnings.push({ code: 'certificate_missing', message: 'The container holds no certificate.' })
  } else if (facts === undefined) warnings.push(notACertificate(certificate, 'certificate'))
  if (intermediates !== undefined && certificateIn(intermediates) === undefined) {
    warnings.push(notACertificate(intermediates, 'intermediates'))
  }
  const dates = { notBefore: latest(of), notAfter: earliest(of) }
  if (dates.notBefore !== null && dates.notAfter !== null) {
    const { notBefore, notAfter } = dates
    warnings.push(...judgeDates({ notBefore, notAfter }, now, soonDays))
  }
  if (chain === 'missing') {
    warnings.push({
      code: 'chain_missing',
      message: 'There are no intermediates: clients have to know the issuer of the certificate.',
    })
  }
  if (chain === 'broken') {
    warnings.push({
      code: 'chain_broken',
      message: 'The intermediates do not begin with whoever issued the certificate.',
    })
  }
  if (key === 'differs') warnings.push(keyMismatch('of the container'))
  return { ...dates, privateKey: key, chain, warnings }
}

/** How far off its end is, in whole days; negative once it has ended. */
export function daysLeft(notAfter: Timestamp, now: Timestamp): number {
  const days = Math.floor((secondsOf(notAfter) - secondsOf(now)) / DAY_SECONDS)
  return notAfter <= now ? Math.min(days, -1) : days
}

function judgeDates(
  { notBefore, notAfter }: Pick<CertificateFacts, 'notBefore' | 'notAfter'>,
  now: Timestamp,
  soonDays: number,
): readonly CertificateWarning[] {
  if (notAfter <= now) return [{ code: 'expired', message: `It ended at ${wireTime(notAfter)}.` }]
  const warnings: CertificateWarning[] = []
  if (secondsOf(notAfter) - secondsOf(now) <= soonDays * DAY_SECONDS) {
    warnings.push({ code: 'expires_soon', message: `It ends at ${wireTime(notAfter)}.` })
  }
  if (notBefore > now) {
    warnings.push({
      code: 'not_yet_valid',
      message: `It is not valid before ${wireTime(notBefore)}.`,
    })
  }
  return warnings
}

/** Through the intermediates in whatever order they are: servers send them sorted, or clients sort them. */
function chainThrough(
  facts: CertificateFacts,
  intermediates: Member | undefined,
): ChainState | 'unknown' {
  if (intermediates === undefined || facts.chain === 'selfSigned' || facts.chain === 'broken') {
    return facts.chain
  }
  const others = certificateIn(intermediates)
  let last = facts.links.at(-1)
  if (others === undefined || last === undefined) return 'unknown'
  const left = [...others.links]
  let steps = 0
  for (;;) {
    const from: CertificateLink = last
    const at = left.findIndex((link) => isIssuer(link, from))
    const [issuer] = at < 0 ? [] : left.splice(at, 1)
    if (issuer === undefined) break
    steps += 1
    last = issuer
  }
  if (steps === 0) return 'broken'
  return last.subject === last.issuer ? 'selfSigned' : 'open'
}

/** By name, and by key where both say which: a CA that renewed its key kept its name. */
function isIssuer(issuer: CertificateLink, of: CertificateLink): boolean {
  if (issuer.subject !== of.issuer) return false
  return of.issuerKey === null || issuer.subjectKey === null || issuer.subjectKey === of.issuerKey
}

function keyOf(
  certificate: CertificateFacts | undefined,
  privateKey: Member | undefined,
): JudgedContainer['privateKey'] {
  if (privateKey === undefined) {
    const own = certificate?.ownKey ?? 'none'
    return own === 'locked' ? 'unknown' : own
  }
  const ofKey = privateKey === 'unknown' || privateKey.kind === 'unreadable' ? null : privateKey
  const publicKey = ofKey?.publicKey ?? null
  const wanted = certificate?.publicKey ?? null
  if (publicKey === null || wanted === null) return 'unknown'
  return Buffer.compare(publicKey, wanted) === 0 ? 'matches' : 'differs'
}

function certificateIn(member: Member | undefined): CertificateFacts | undefined {
  return member !== undefined && member !== 'unknown' && member.kind === 'certificate'
    ? member
    : undefined
}

function notACertificate(member: Member, name: string): CertificateWarning {
  if (member === 'unknown') {
    return { code: 'not_looked_at', message: `Nothing is known of the ${name}: ${READ_IT}` }
  }
  return { code: 'unreadable', message: `What is called ${name} is no certificate.` }
}

function keyMismatch(where: string): CertificateWarning {
  return {
    code: 'key_mismatch',
    message: `The private key ${where} is not that of the certificate.`,
  }
}

function latest(facts: readonly CertificateFacts[]): Timestamp | null {
  return (
    facts
      .map(({ notBefore }) => notBefore)
      .toSorted()
      .at(-1) ?? null
  )
}

function earliest(facts: readonly CertificateFacts[]): Timestamp | null {
  return facts.map(({ notAfter }) => notAfter).toSorted()[0] ?? null
}
