import { derivedSetting, optionalSetting, setting } from '../setting.ts'
import { list, manyLists, manyTexts, oneOf, text, truth } from '../valueKinds.ts'

/** Several places for secrets, as Barbican's operators write them. */
export const secretstoreSection = {
  enable_multiple_secret_stores: setting({
    explanation:
      'Offer several secret stores, each with a KEK store of its own, and let projects choose. ' +
      'Off: there is one, and all of /v1/secret-stores is 404.',
    kind: truth,
    default: false,
  }),
  stores_lookup_suffix: setting({
    explanation:
      'With several secret stores: the endings of their sections, such as `a,b` for [secretstore:a] and [secretstore:b].',
    kind: list,
    default: [],
  }),
  kek_store: derivedSetting({
    explanation:
      'With one secret store: the kind of KEK store that wraps project keys, and the section that describes it. ' +
      'Project keys remember it: to change it, move the projects first.',
    kind: oneOf('keyring', 'simple_crypto', 'pkcs11', 'kmip', 'transit', 'awskms'),
    describes: '`keyring`; `pkcs11` where [pkcs11] names a library',
    // A barbican.conf with an HSM says no more than that; a keyring in its stead would be a surprise.
    derive: ({ text: given }) =>
      (given('pkcs11', 'library_path') ?? '').trim() === '' ? 'keyring' : 'pkcs11',
  }),
}

/** [secretstore:SUFFIX] */
export const secretstoreSuffixSection = {
  secret_store_plugin: optionalSetting({
    explanation:
      'Where payloads lie, for clients to read. `store_crypto` is what there is: sealed in the database.',
    kind: text,
  }),
  crypto_plugin: optionalSetting({
    explanation:
      'What seals them, for clients to read, in a word of Barbican: `simple_crypto` for a keyring, `p11_crypto` for an HSM.',
    kind: text,
  }),
  global_default: setting({
    explanation: 'The store of every project that prefers no other. Exactly one has it.',
    kind: truth,
    default: false,
  }),
  name: optionalSetting({
    explanation:
      'What people call it; every store has a name of its own. Left out: the name of its kind, ' +
      'which for a keyring is [simple_crypto_plugin] plugin_name, for an HSM [pkcs11] plugin_name, else KMIP, Transit or AWS KMS.',
    kind: text,
  }),
  kek_store: optionalSetting({
    explanation:
      'Which KEKs it wraps project keys with: `keyring` for those of [keyring], as without several stores, ' +
      '`keyring:NAME` for those of [keyring:NAME], `simple_crypto` for those of [simple_crypto_plugin]; `pkcs11`, `kmip`, `transit` and `awskms` likewise. ' +
      'Project keys remember it: it is not to be renamed. ' +
      'Left out: the kind that crypto_plugin speaks of, which is `keyring` unless it names another.',
    kind: text,
  }),
  projects: setting({
    explanation:
      'Project ids that the store belongs to: all that is new of them goes here whatever they prefer, and nobody else may use or see it. ' +
      'What they have elsewhere opens, and `gatehouse project move` brings it.',
    kind: manyLists,
    default: [],
  }),
  domains: setting({
    explanation:
      "The same for all projects of these domains, by Keystone's id: the token says which domain a project is in. `projects` of any store count first.",
    kind: manyLists,
    default: [],
  }),
}

/** Barbican's own section: its keys for `kek_store = simple_crypto`, its name for either. */
export const simpleCryptoSection = {
  kek: setting({
    explanation:
      'With kek_store = simple_crypto: the KEKs, as in barbican.conf. The first one wraps, the others open what they wrapped. ' +
      'Without, they are not used.',
    kind: manyTexts,
    secret: 'whole',
    default: [],
  }),
  plugin_name: setting({
    explanation: 'What a secret store with a keyring is called when its section says no `name`.',
    kind: text,
    default: 'Software Only Crypto',
  }),
}
