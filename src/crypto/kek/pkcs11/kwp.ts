import {
  type Attribute,
  CKA_CLASS,
  CKA_EXTRACTABLE,
  CKA_KEY_TYPE,
  CKA_SENSITIVE,
  CKA_TOKEN,
  CKA_VALUE,
  CKK_GENERIC_SECRET,
  CKO_SECRET_KEY,
  type Cryptoki,
  type Handle,
} from './cryptoki.ts'

/** Bytes on their way through the token: an object of the session that may be read. */
const PASSING: readonly Attribute[] = [
  { type: CKA_CLASS, value: CKO_SECRET_KEY },
  { type: CKA_KEY_TYPE, value: CKK_GENERIC_SECRET },
  { type: CKA_TOKEN, value: false },
  { type: CKA_SENSITIVE, value: false },
  { type: CKA_EXTRACTABLE, value: true },
]

/** AES-KWP (RFC 5649) through C_WrapKey, since tokens such as SoftHSM have it for keys alone. */
export async function wrapKwp(
  cryptoki: Cryptoki,
  session: Handle,
  kek: Handle,
  mechanism: number,
  bytes: Buffer,
): Promise<Buffer> {
  const object = cryptoki.C_CreateObject(session, [...PASSING, { type: CKA_VALUE, value: bytes }])
  try {
    const into = Buffer.alloc(bytes.length + 64)
    return await cryptoki.C_WrapKeyAsync(session, { mechanism, parameter: null }, kek, object, into)
  } finally {
    cryptoki.C_DestroyObject(session, object)
  }
}

/** @returns the bytes, the caller's to wipe */
export async function unwrapKwp(
  cryptoki: Cryptoki,
  session: Handle,
  kek: Handle,
  mechanism: number,
  wrapped: Uint8Array,
): Promise<Buffer> {
  const how = { mechanism, parameter: null }
  const object = await cryptoki.C_UnwrapKeyAsync(session, how, kek, wrapped, PASSING)
  try {
    const [value] = cryptoki.C_GetAttributeValue(session, object, [{ type: CKA_VALUE }])
    return value?.value ?? Buffer.alloc(0)
  } finally {
    cryptoki.C_DestroyObject(session, object)
  }
}
