/* What we use of KMIP's tags and enumerations (KMIP 1.4, sections 9.1.3.1 and 9.1.3.2). */

export const TAG = {
  attribute: 0x420008,
  attributeName: 0x42000a,
  attributeValue: 0x42000b,
  authentication: 0x42000c,
  batchCount: 0x42000d,
  batchItem: 0x42000f,
  blockCipherMode: 0x420011,
  credential: 0x420023,
  credentialType: 0x420024,
  credentialValue: 0x420025,
  cryptographicAlgorithm: 0x420028,
  cryptographicParameters: 0x42002b,
  ivCounterNonce: 0x42003d,
  maximumResponseSize: 0x420050,
  nameType: 0x420054,
  nameValue: 0x420055,
  operation: 0x42005c,
  paddingMethod: 0x42005f,
  protocolVersion: 0x420069,
  protocolVersionMajor: 0x42006a,
  protocolVersionMinor: 0x42006b,
  requestHeader: 0x420077,
  requestMessage: 0x420078,
  requestPayload: 0x420079,
  responseHeader: 0x42007a,
  responseMessage: 0x42007b,
  responsePayload: 0x42007c,
  resultMessage: 0x42007d,
  resultReason: 0x42007e,
  resultStatus: 0x42007f,
  uniqueIdentifier: 0x420094,
  username: 0x420099,
  password: 0x4200a1,
  data: 0x4200c2,
  tagLength: 0x4200ce,
  additionalData: 0x4200fe,
  authenticationTag: 0x4200ff,
  name: 0x420053,
  attributes: 0x420125,
  attributeReference: 0x42013b,
} as const

/** Attributes of a key that we look at: KMIP 1 names them in words, KMIP 2 by tags. */
export const ATTRIBUTES = {
  objectType: { name: 'Object Type', tag: 0x420057 },
  algorithm: { name: 'Cryptographic Algorithm', tag: 0x420028 },
  length: { name: 'Cryptographic Length', tag: 0x42002a },
  usage: { name: 'Cryptographic Usage Mask', tag: 0x42002c },
  state: { name: 'State', tag: 0x42008d },
  initialDate: { name: 'Initial Date', tag: 0x420039 },
} as const

export type Attribute = keyof typeof ATTRIBUTES
export const ATTRIBUTE_NAMES = Object.keys(ATTRIBUTES) as readonly Attribute[]

export interface KmipVersion {
  readonly name: string
  readonly major: number
  readonly minor: number
  /** Does AES-GCM take additional authenticated data? */
  readonly bindsContext: boolean
  readonly hasAttributeTags: boolean
}

/** What we speak. The first that a server speaks as well is taken: the oldest that can do all we need comes first. */
export const KMIP_VERSIONS: readonly KmipVersion[] = [
  { name: '1.4', major: 1, minor: 4, bindsContext: true, hasAttributeTags: false },
  { name: '2.0', major: 2, minor: 0, bindsContext: true, hasAttributeTags: true },
  { name: '1.3', major: 1, minor: 3, bindsContext: false, hasAttributeTags: false },
  { name: '1.2', major: 1, minor: 2, bindsContext: false, hasAttributeTags: false },
]

export const OPERATION = {
  locate: 0x08,
  getAttributes: 0x0b,
  discoverVersions: 0x1e,
  encrypt: 0x1f,
  decrypt: 0x20,
} as const

export type Operation = keyof typeof OPERATION

export const STATUS_SUCCESS = 0
export const CREDENTIAL_USERNAME_AND_PASSWORD = 1
export const NAME_UNINTERPRETED_TEXT = 1
export const ALGORITHM_AES = 3
export const MODE_CBC = 1
export const MODE_GCM = 9
export const PADDING_PKCS5 = 3

/** Bits of the Cryptographic Usage Mask. */
export const MAY_ENCRYPT = 0x04
export const MAY_DECRYPT = 0x08

export const OBJECT_SYMMETRIC_KEY = 2

const STATE_NAMES = new Map([
  [1, 'Pre-Active'],
  [2, 'Active'],
  [3, 'Deactivated'],
  [4, 'Compromised'],
  [5, 'Destroyed'],
  [6, 'Destroyed Compromised'],
])

export const STATE_ACTIVE = 2
export const STATE_DEACTIVATED = 3
export const STATE_COMPROMISED = 4

export function stateName(state: number): string {
  return STATE_NAMES.get(state) ?? `of state ${state}`
}

/** Reasons that say nothing about what was sent: the server, the key or our rights are the matter. */
const REASONS_APART_FROM_DATA: ReadonlyMap<number, string> = new Map([
  [0x01, 'Item Not Found'],
  [0x02, 'Response Too Large'],
  [0x03, 'Authentication Not Successful'],
  [0x04, 'Invalid Message'],
  [0x05, 'Operation Not Supported'],
  [0x08, 'Feature Not Supported'],
  [0x09, 'Operation Canceled By Requester'],
  [0x0b, 'Illegal Operation'],
  [0x0c, 'Permission Denied'],
  [0x0d, 'Object Archived'],
])

/** Reasons with which servers refuse what does not open, among other things. */
const REASONS_OF_DATA: ReadonlyMap<number, string> = new Map([
  [0x06, 'Missing Data'],
  [0x07, 'Invalid Field'],
  [0x0a, 'Cryptographic Failure'],
  [0x24, 'Bad Cryptographic Parameters'],
  [0x100, 'General Failure'],
])

export function reasonName(reason: number): string {
  const known = REASONS_APART_FROM_DATA.get(reason) ?? REASONS_OF_DATA.get(reason)
  return known ?? `reason 0x${reason.toString(16)}`
}

/** Could it be that the server refuses the very bytes it was given? */
export function maySpeakOfData(reason: number): boolean {
  return !REASONS_APART_FROM_DATA.has(reason)
}
