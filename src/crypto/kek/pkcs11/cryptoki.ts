/*
 * As much of PKCS#11 2.40 as a KEK store needs, in the shape of pkcs11js. That addon is compiled where
 * it is wanted (ADR 0051), so its types are not here to be imported; numbers are those of the standard.
 */

export type Handle = Buffer
export type Slot = Buffer

export interface Attribute {
  readonly type: number
  readonly value?: unknown
}

export interface ReadAttribute {
  readonly type: number
  readonly value: Buffer
}

export interface Mechanism {
  readonly mechanism: number
  readonly parameter: unknown
}

interface Version {
  readonly major: number
  readonly minor: number
}

export interface TokenInfo {
  readonly label: string
  readonly manufacturerID: string
  readonly model: string
  readonly serialNumber: string
  readonly flags: number
  readonly maxSessionCount: number
  readonly firmwareVersion: Version
}

export interface Cryptoki {
  load(path: string): void
  C_Initialize(options?: { readonly flags: number }): void
  C_GetInfo(): {
    readonly manufacturerID: string
    readonly libraryDescription: string
    readonly libraryVersion: Version
  }
  C_GetSlotList(hasToken: boolean): Slot[]
  C_GetTokenInfo(slot: Slot): TokenInfo
  C_GetMechanismList(slot: Slot): number[]
  C_GetMechanismInfo(slot: Slot, mechanism: number): { readonly flags: number }
  C_OpenSession(slot: Slot, flags: number): Handle
  C_CloseSession(session: Handle): void
  C_Login(session: Handle, user: number, pin: string): void
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void
  C_FindObjects(session: Handle, most: number): Handle[]
  C_FindObjectsFinal(session: Handle): void
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly Attribute[],
  ): ReadAttribute[]
  C_GenerateKey(session: Handle, mechanism: Mechanism, template: readonly Attribute[]): Handle
  C_CreateObject(session: Handle, template: readonly Attribute[]): Handle
  C_DestroyObject(session: Handle, object: Handle): void
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_EncryptAsync(session: Handle, data: Uint8Array, into: Buffer): Promise<Buffer>
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_DecryptAsync(session: Handle, data: Uint8Array, into: Buffer): Promise<Buffer>
  C_WrapKeyAsync(
    session: Handle,
    mechanism: Mechanism,
    wrapping: Handle,
    key: Handle,
    into: Buffer,
  ): Promise<Buffer>
  C_UnwrapKeyAsync(
    session: Handle,
    mechanism: Mechanism,
    wrapping: Handle,
    wrapped: Uint8Array,
    template: readonly Attribute[],
  ): Promise<Handle>
}

export interface Addon {
  readonly PKCS11: new () => Cryptoki
  /** Its own number for CK_GCM_PARAMS as the standard has it since 2.40, with ulIvBits. */
  readonly CK_PARAMS_AES_GCM_v240: number
}

export const CKF_OS_LOCKING_OK = 2
export const CKF_RW_SESSION = 2
export const CKF_SERIAL_SESSION = 4
export const CKU_USER = 1

/** Of a token. */
export const CKF_LOGIN_REQUIRED = 0x4
export const CKF_PROTECTED_AUTHENTICATION_PATH = 0x100
export const CKF_TOKEN_INITIALIZED = 0x400
export const CKF_USER_PIN_COUNT_LOW = 0x10000
export const CKF_USER_PIN_FINAL_TRY = 0x20000
export const CKF_USER_PIN_LOCKED = 0x40000

/** Of a mechanism. */
export const CKF_ENCRYPT = 0x100
export const CKF_DECRYPT = 0x200
export const CKF_WRAP = 0x20000
export const CKF_UNWRAP = 0x40000

export const CKO_SECRET_KEY = 4
export const CKK_GENERIC_SECRET = 0x10
export const CKK_AES = 0x1f

export const CKA_CLASS = 0
export const CKA_TOKEN = 1
export const CKA_PRIVATE = 2
export const CKA_LABEL = 3
export const CKA_VALUE = 0x11
export const CKA_KEY_TYPE = 0x100
export const CKA_ID = 0x102
export const CKA_SENSITIVE = 0x103
export const CKA_ENCRYPT = 0x104
export const CKA_DECRYPT = 0x105
export const CKA_WRAP = 0x106
export const CKA_UNWRAP = 0x107
export const CKA_START_DATE = 0x110
export const CKA_VALUE_LEN = 0x161
export const CKA_EXTRACTABLE = 0x162
