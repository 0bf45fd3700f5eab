import { z } from 'zod'
import type { ShownContainer, ShownFacts } from '../../domain/certificates.ts'
import {
  type CertificateWarning,
  daysLeft,
  WARNING_CODES,
} from '../../domain/certificateWarnings.ts'
import { type Timestamp, wireTime } from '../../lib/timestamp.ts'
import { CHAIN_STATES, type ChainState, OWN_KEY_STATES } from '../../model/certificateFacts.ts'
import { containerRef } from './container.ts'
import { secretRef } from './secret.ts'
import { timeShown } from './timeShown.ts'

const CHAINS = {
  selfSigned: 'self_signed',
  open: 'open',
  missing: 'missing',
  broken: 'broken',
  authorities: 'authorities',
} as const satisfies Record<ChainState, string>
const KINDS = {
  certificate: 'certificate',
  privateKey: 'private_key',
  unreadable: 'unreadable',
} as const

const chainNames = CHAIN_STATES.map((state) => CHAINS[state])
const CHAIN_WORDS =
  'self_signed: leads to a certificate that signed itself; open: each is issued by the next, and who issued the last, clients have to know; missing: a certificate of no CA alone; broken: one was not issued by the next; authorities: CAs alone, as in a list of whom to trust.'

const warningsShown = z
  .array(
    z.strictObject({
      code: z.enum(WARNING_CODES),
      message: z.string().describe('In words, which may change.'),
    }),
  )
  .describe('What may fail when somebody uses it.')
const datesShown = {
  valid_from: timeShown.nullable().describe('From when all its certificates are valid.'),
  valid_until: timeShown.nullable().describe('Until when all its certificates are valid.'),
  days_left: z.int().nullable().describe('Whole days until then; negative once it has ended.'),
}

export const secretCertificateShown = z.strictObject({
  secret_ref: z.string(),
  kind: z
    .enum(Object.values(KINDS))
    .describe('unreadable: it is called a certificate, and is none in PEM or DER form.'),
  ...datesShown,
  public_key_sha256: z
    .string()
    .nullable()
    .describe(
      'SHA-256 of the SubjectPublicKeyInfo in hexadecimal; of a private key, its public half.',
    ),
  certificates: z.int().describe('How many there are in the payload.'),
  chain: z.enum(chainNames).nullable().describe(CHAIN_WORDS),
  private_key: z
    .enum(OWN_KEY_STATES)
    .nullable()
    .describe('A private key in the payload of the certificate; locked: it wants a passphrase.'),
  warnings: warningsShown,
})

export const containerCertificateShown = z.strictObject({
  container_ref: z.string(),
  ...datesShown,
  chain: z
    .enum([...chainNames, 'unknown'])
    .describe(`Through the intermediates, by names and key identifiers. ${CHAIN_WORDS}`),
  private_key: z
    .enum(['none', 'matches', 'differs', 'unknown'])
    .describe('unknown: it wants a passphrase, or nothing was read from it.'),
  warnings: warningsShown,
})

export function renderSecretCertificate(
  { facts, now, warnings }: ShownFacts,
  base: string,
): z.infer<typeof secretCertificateShown> {
  const certificate = facts.kind === 'certificate' ? facts : undefined
  const publicKey = facts.kind === 'unreadable' ? null : facts.publicKey
  return {
    secret_ref: secretRef(base, facts.secretId),
    kind: KINDS[facts.kind],
    ...renderDates(certificate?.notBefore ?? null, certificate?.notAfter ?? null, now),
    public_key_sha256: publicKey === null ? null : Buffer.from(publicKey).toString('hex'),
    certificates: certificate?.links.length ?? 0,
    chain: certificate === undefined ? null : CHAINS[certificate.chain],
    private_key: certificate?.ownKey ?? null,
    warnings: renderWarnings(warnings),
  }
}

export function renderContainerCertificate(
  shown: ShownContainer,
  base: string,
): z.infer<typeof containerCertificateShown> {
  return {
    container_ref: containerRef(base, shown.id),
    ...renderDates(shown.notBefore, shown.notAfter, shown.now),
    chain: shown.chain === 'unknown' ? 'unknown' : CHAINS[shown.chain],
    private_key: shown.privateKey,
    warnings: renderWarnings(shown.warnings),
  }
}

function renderDates(from: Timestamp | null, until: Timestamp | null, now: Timestamp) {
  return {
    valid_from: from && wireTime(from),
    valid_until: until && wireTime(until),
    days_left: until && daysLeft(until, now),
  }
}

function renderWarnings(warnings: readonly CertificateWarning[]) {
  return warnings.map(({ code, message }) => ({ code, message }))
}
