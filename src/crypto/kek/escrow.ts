import { GeneralEncrypt, type GeneralJWE, generalDecrypt } from 'jose'
import { z } from 'zod'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { type BackupKey, SEAL_ALGORITHM } from '../backup/backupKeys.ts'

/*
 * What leaves the house sealed to people's public keys is a JWE (RFC 7516) in its general form, by the
 * conventions of the backups (ADR 0020): any tool that knows JOSE opens it. What it is stands in its
 * protected header, in clear and under the tag.
 */
const VERSION = 1
const CLAIM = 'gatehouse'

const keyringHead = z.strictObject({
  form: z.literal('keyring'),
  version: z.literal(VERSION),
  store: z.string().min(1).max(255),
  /** undefined: no database knew this keyring. */
  deployment: z.string().optional(),
  fingerprints: z.array(z.string()).min(1),
  createdAt: z.string(),
})
const shareHead = z.strictObject({ form: z.literal('share'), version: z.literal(VERSION) })
export type EscrowHead = Omit<z.infer<typeof keyringHead>, 'form' | 'version'>

/** @returns JSON. Does not wipe the keyring: the caller does */
export function sealKeyringCopy(
  keyring: Uint8Array,
  head: EscrowHead,
  recipients: readonly BackupKey[],
): Promise<string> {
  return sealed(keyring, { form: 'keyring', version: VERSION, ...head }, recipients)
}

/** One share for one person. @returns JSON. Does not wipe the share: the caller does */
export function sealShare(share: Uint8Array, recipient: BackupKey): Promise<string> {
  return sealed(share, { form: 'share', version: VERSION }, [recipient])
}

/** @returns a keyring as `protection = plain` writes it; the caller wipes it. @throws StartupRefusal */
export async function openKeyringCopy(
  name: string,
  file: Buffer,
  recipient: BackupKey,
): Promise<{ readonly head: EscrowHead; readonly keyring: Buffer }> {
  const { head, content } = await opened(name, file, recipient, 'keyring', keyringHead)
  const { form: _form, version: _version, ...escrowHead } = head
  return { head: escrowHead, keyring: content }
}

/** @returns the caller's, to wipe. @throws StartupRefusal */
export async function openSealedShare(
  name: string,
  file: Buffer,
  recipient: BackupKey,
): Promise<Buffer> {
  return (await opened(name, file, recipient, 'share', shareHead)).content
}

async function sealed(
  content: Uint8Array,
  head: object,
  recipients: readonly BackupKey[],
): Promise<string> {
  const seal = new GeneralEncrypt(content).setProtectedHeader({
    enc: SEAL_ALGORITHM,
    [CLAIM]: head,
  })
  for (const { key, algorithm, thumbprint } of recipients) {
    seal.addRecipient(key).setUnprotectedHeader({ alg: algorithm, kid: thumbprint })
  }
  return `${JSON.stringify(await seal.encrypt())}\n`
}

async function opened<Head>(
  name: string,
  file: Buffer,
  { key, algorithm, thumbprint }: BackupKey,
  form: 'keyring' | 'share',
  headForm: z.ZodType<Head>,
): Promise<{ readonly head: Head; readonly content: Buffer }> {
  const jwe = jweIn(name, file)
  // Algorithms are pinned by the kind of the reader's own key, never by the file.
  const { plaintext, protectedHeader } = await generalDecrypt(jwe, key, {
    keyManagementAlgorithms: [algorithm],
    contentEncryptionAlgorithms: [SEAL_ALGORITHM],
  }).catch((cause: unknown) => {
    const wanted = jwe.recipients.map(({ header }) => String(header?.['kid'])).join(', ')
    throw new StartupRefusal(
      `${name} does not open with this key (${thumbprint}): it is sealed to ${wanted}, or damaged.`,
      { cause },
    )
  })
  const head = headForm.safeParse(protectedHeader?.[CLAIM])
  const content = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.length)
  if (head.success) return { head: head.data, content }
  content.fill(0)
  throw new StartupRefusal(
    `${name} opens, but it is no sealed ${form} of a version that this Gatehouse reads.`,
  )
}

const general = z.looseObject({
  recipients: z.array(z.looseObject({ header: z.looseObject({}).optional() })).min(1),
})

function jweIn(name: string, file: Buffer): GeneralJWE & z.infer<typeof general> {
  try {
    const value: unknown = JSON.parse(file.toString('utf8'))
    // jose looks at all the rest of it.
    return general.parse(value) as GeneralJWE & z.infer<typeof general>
  } catch (cause) {
    throw new StartupRefusal(`${name} is no JWE in its general form.`, { cause })
  }
}
