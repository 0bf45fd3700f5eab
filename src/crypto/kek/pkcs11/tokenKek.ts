import { createHash } from 'node:crypto'
import {
  type Attribute,
  CKA_CLASS,
  CKA_DECRYPT,
  CKA_ENCRYPT,
  CKA_EXTRACTABLE,
  CKA_KEY_TYPE,
  CKA_LABEL,
  CKA_SENSITIVE,
  CKA_START_DATE,
  CKA_TOKEN,
  CKA_UNWRAP,
  CKA_VALUE_LEN,
  CKA_WRAP,
  CKK_AES,
  CKO_SECRET_KEY,
  type Cryptoki,
  type Handle,
} from './cryptoki.ts'
import type { HsmKek } from './hsmMessages.ts'
import { HsmRefusal } from './hsmRefusal.ts'
import { wrapKwp } from './kwp.ts'
import { type KekUses, MECHANISMS, type MechanismName } from './mechanisms.ts'

const KEK_BYTES = 32
/** Of what a fingerprint is made: two blocks that no nonce of GCM ever begins with by design. */
const CHECK_BLOCKS = ['gatehouse-check1', 'gatehouse-check2'].map((text) => Buffer.from(text))

/** A KEK in the token. Its handle is good for every session of this process. */
export interface TokenKek {
  readonly handle: Handle
  readonly uses: KekUses
  readonly facts: HsmKek
}

export function keysLabelled(
  cryptoki: Cryptoki,
  session: Handle,
  label: string,
): readonly Handle[] {
  cryptoki.C_FindObjectsInit(session, [
    { type: CKA_CLASS, value: CKO_SECRET_KEY },
    { type: CKA_KEY_TYPE, value: CKK_AES },
    { type: CKA_TOKEN, value: true },
    { type: CKA_LABEL, value: label },
  ])
  try {
    return cryptoki.C_FindObjects(session, 16)
  } finally {
    cryptoki.C_FindObjectsFinal(session)
  }
}

/** @throws HsmRefusal when the label names no key, several, or one that is not fit */
export async function findKek(
  cryptoki: Cryptoki,
  session: Handle,
  label: string,
  mechanisms: ReadonlySet<MechanismName>,
): Promise<TokenKek> {
  const [handle, another] = keysLabelled(cryptoki, session, label)
  if (handle === undefined) {
    throw new HsmRefusal(
      `The token has no AES key with the label ${label}: \`gatehouse hsm generate-kek --label ${label}\` makes one, but only the KEK that a database was used with opens it.`,
    )
  }
  if (another !== undefined) {
    throw new HsmRefusal(
      `Several AES keys of the token have the label ${label}: rename all but one.`,
    )
  }
  const read = (type: number) => attribute(cryptoki, session, handle, type)
  const length = read(CKA_VALUE_LEN)?.readUIntLE(0, 4)
  if (length !== undefined && length !== KEK_BYTES) {
    throw new HsmRefusal(
      `The key ${label} has ${8 * length} bits; a KEK has 256, as the keys that it wraps.`,
    )
  }
  const is = (type: number) => read(type)?.[0] === 1
  const uses = {
    canEncrypt: is(CKA_ENCRYPT) && is(CKA_DECRYPT),
    canWrap: is(CKA_WRAP) && is(CKA_UNWRAP),
  }
  const check = await checkValue(cryptoki, session, handle, uses, mechanisms, label)
  return {
    handle,
    uses,
    facts: {
      label,
      id: digest('id', check).subarray(0, 8).toString('hex'),
      fingerprint: digest('fingerprint', check).subarray(0, 16).toString('hex'),
      startDate: dateIn(read(CKA_START_DATE)),
      isSensitive: is(CKA_SENSITIVE),
      isExtractable: is(CKA_EXTRACTABLE),
    },
  }
}

/** undefined where the token does not tell. */
function attribute(
  cryptoki: Cryptoki,
  session: Handle,
  object: Handle,
  type: number,
): Buffer | undefined {
  const template: readonly Attribute[] = [{ type }]
  try {
    const value = cryptoki.C_GetAttributeValue(session, object, template)[0]?.value
    return value === undefined || value.length === 0 ? undefined : value
  } catch {
    return undefined
  }
}

/**
 * Something that only this key makes, made by the token. ECB and CBC give the same here, so that it does
 * not change with the mechanisms that a firmware offers.
 */
async function checkValue(
  cryptoki: Cryptoki,
  session: Handle,
  key: Handle,
  { canEncrypt, canWrap }: KekUses,
  mechanisms: ReadonlySet<MechanismName>,
  label: string,
): Promise<Buffer> {
  const cipher = (['CKM_AES_ECB', 'CKM_AES_CBC'] as const).find((name) => mechanisms.has(name))
  if (canEncrypt && cipher !== undefined) {
    const blocks: Buffer[] = []
    for (const block of CHECK_BLOCKS) {
      const parameter = cipher === 'CKM_AES_CBC' ? Buffer.alloc(16) : null
      cryptoki.C_EncryptInit(session, { mechanism: MECHANISMS[cipher].number, parameter }, key)
      blocks.push(await cryptoki.C_EncryptAsync(session, block, Buffer.alloc(64)))
    }
    return Buffer.concat(blocks)
  }
  const kwp = (['CKM_AES_KEY_WRAP_KWP', 'CKM_AES_KEY_WRAP_PAD'] as const).find((name) =>
    mechanisms.has(name),
  )
  if (canWrap && kwp !== undefined) {
    return wrapKwp(cryptoki, session, key, MECHANISMS[kwp].number, Buffer.concat(CHECK_BLOCKS))
  }
  throw new HsmRefusal(
    `The key ${label} can neither encrypt (CKA_ENCRYPT, CKA_DECRYPT) nor wrap (CKA_WRAP, CKA_UNWRAP) by a mechanism of this token: \`gatehouse hsm probe\` lists those.`,
  )
}

function digest(label: string, check: Uint8Array): Buffer {
  return createHash('sha256').update(`gatehouse/pkcs11-kek/1/${label}/`).update(check).digest()
}

/** CK_DATE: eight digits. */
function dateIn(bytes: Buffer | undefined): string | undefined {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(bytes?.toString('latin1') ?? '') ?? []
  return year === undefined ? undefined : `${year}-${month}-${day}`
}
