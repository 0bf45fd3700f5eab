import type { ProbedToken } from './hsmMessages.ts'

/** What is known of a kind of HSM. Facts of those not tested come from what vendors and Barbican publish. */
export interface HsmProfile {
  readonly name: string
  /** Of the manufacturer that a token names. */
  readonly isIt: RegExp
  /** Where its library usually is. */
  readonly library: string
  /** What to write as key_wrap_mechanism, and why; undefined where nothing fits. */
  readonly mechanism: string | undefined
  readonly why: string
  /** What else to write in [pkcs11]. */
  readonly notes: string
  readonly isTested: boolean
}

export const HSM_PROFILES: readonly HsmProfile[] = [
  {
    name: 'SoftHSM 2',
    isIt: /softhsm/i,
    library: '/usr/lib/softhsm/libsofthsm2.so',
    mechanism: 'auto',
    why: 'which is AES-GCM; AES-KWP is there as CKM_AES_KEY_WRAP_PAD',
    notes: 'SOFTHSM2_CONF in library_environment. For tests: the keys are files.',
    isTested: true,
  },
  {
    name: 'Thales Luna',
    isIt: /safenet|thales|gemalto|luna/i,
    library: '/usr/lib/libCryptoki2_64.so',
    mechanism: 'CKM_AES_KEY_WRAP_KWP',
    why: 'or 0x80000171 with older firmware; in FIPS mode it makes the nonces of AES-GCM itself, which this store cannot use',
    notes: 'ChrystokiConfigurationPath in library_environment; several labels name an HA group.',
    isTested: false,
  },
  {
    name: 'Entrust nShield',
    isIt: /ncipher|nshield|entrust/i,
    library: '/opt/nfast/toolkits/pkcs11/libcknfast.so',
    mechanism: 'auto',
    why: 'AES-GCM and AES-KWP are both there',
    notes:
      'CKNFAST_LOADSHARING=1 for several modules; keys of Barbican need CKA_ENCRYPT and CKA_DECRYPT.',
    isTested: false,
  },
  {
    name: 'Utimaco',
    isIt: /utimaco/i,
    library: '/opt/utimaco/lib/libcs_pkcs11_R3.so',
    mechanism: 'auto',
    why: 'AES-GCM, where the firmware has it',
    notes: 'CS_PKCS11_R3_CFG (or CS_PKCS11_R2_CFG) in library_environment.',
    isTested: false,
  },
  {
    name: 'AWS CloudHSM',
    isIt: /cavium|marvell|cloudhsm|amazon/i,
    library: '/opt/cloudhsm/lib/libcloudhsm_pkcs11.so',
    mechanism: '0x8000216F',
    why: 'its AES key wrap with zero padding; its AES-GCM makes the nonces itself, which this store cannot use',
    notes: 'login is user:password of the crypto user.',
    isTested: false,
  },
  {
    name: 'YubiHSM 2',
    isIt: /yubico/i,
    library: '/usr/lib/x86_64-linux-gnu/pkcs11/yubihsm_pkcs11.so',
    mechanism: undefined,
    why: 'it lists neither AES-GCM nor AES-KWP, so it does not fit',
    notes:
      'YUBIHSM_PKCS11_CONF in library_environment; the PIN begins with the id of the authentication key.',
    isTested: false,
  },
]

export function profileOf({ manufacturer, model }: ProbedToken): HsmProfile | undefined {
  return HSM_PROFILES.find(({ isIt }) => isIt.test(`${manufacturer} ${model}`))
}
