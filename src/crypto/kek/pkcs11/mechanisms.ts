import {
  CKF_DECRYPT,
  CKF_ENCRYPT,
  CKF_UNWRAP,
  CKF_WRAP,
  type Cryptoki,
  type Slot,
} from './cryptoki.ts'
import { HsmRefusal } from './hsmRefusal.ts'

const ENCRYPTS = CKF_ENCRYPT | CKF_DECRYPT
const WRAPS = CKF_WRAP | CKF_UNWRAP

/** Those that play a part here, with what a token has to be able to do with them. */
export const MECHANISMS = {
  CKM_AES_GCM: { number: 0x1087, wants: ENCRYPTS },
  /** RFC 5649, as PKCS#11 3.0 names it. */
  CKM_AES_KEY_WRAP_KWP: { number: 0x210b, wants: WRAPS },
  /** The same in 2.40 and in what follows it, SoftHSM among them. */
  CKM_AES_KEY_WRAP_PAD: { number: 0x210a, wants: WRAPS },
  CKM_AES_ECB: { number: 0x1081, wants: CKF_ENCRYPT },
  CKM_AES_CBC: { number: 0x1082, wants: CKF_ENCRYPT },
} as const

export type MechanismName = keyof typeof MECHANISMS
const NAMES = Object.keys(MECHANISMS) as readonly MechanismName[]

export function mechanismsOf(cryptoki: Cryptoki, slot: Slot): ReadonlySet<MechanismName> {
  const listed = new Set(cryptoki.C_GetMechanismList(slot))
  return new Set(
    NAMES.filter((name) => {
      const { number, wants } = MECHANISMS[name]
      if (!listed.has(number)) return false
      return (cryptoki.C_GetMechanismInfo(slot, number).flags & wants) === wants
    }),
  )
}

/** How project keys are wrapped, and how those are opened that were wrapped the other way. */
export interface WrappingChoice {
  readonly kind: 'gcm' | 'kwp'
  /** For people. */
  readonly name: string
  /** The number of AES-KWP here; undefined where the token has none. */
  readonly kwp: number | undefined
}

/** What one KEK may be used for. */
export interface KekUses {
  readonly canEncrypt: boolean
  readonly canWrap: boolean
}

export function chooseWrapping(
  asked: string,
  present: ReadonlySet<MechanismName>,
  { canEncrypt, canWrap }: KekUses,
): WrappingChoice {
  const standard = (['CKM_AES_KEY_WRAP_KWP', 'CKM_AES_KEY_WRAP_PAD'] as const).find((name) =>
    present.has(name),
  )
  if (asked.startsWith('0x')) return { kind: 'kwp', name: asked, kwp: Number(asked) }
  const kwp = standard && MECHANISMS[standard].number
  const mayGcm = present.has('CKM_AES_GCM') && canEncrypt
  if (asked === 'CKM_AES_GCM' || (asked === 'auto' && mayGcm)) {
    if (mayGcm) return { kind: 'gcm', name: 'CKM_AES_GCM', kwp }
    throw new HsmRefusal(
      'key_wrap_mechanism is CKM_AES_GCM, but the token does not have it for encryption and decryption, or the KEK must not encrypt and decrypt (CKA_ENCRYPT, CKA_DECRYPT): auto finds out what there is.',
    )
  }
  const name = asked === 'auto' ? standard : NAMES.find((known) => known === asked)
  if (name !== undefined && present.has(name) && canWrap) {
    return { kind: 'kwp', name, kwp: MECHANISMS[name].number }
  }
  const what = asked === 'auto' ? 'neither AES-GCM nor AES-KWP' : `no ${asked}`
  throw new HsmRefusal(
    `The token and its KEK offer ${what}: \`gatehouse hsm probe\` lists what the token has; the KEK needs CKA_ENCRYPT and CKA_DECRYPT for GCM, CKA_WRAP and CKA_UNWRAP for KWP.`,
  )
}
