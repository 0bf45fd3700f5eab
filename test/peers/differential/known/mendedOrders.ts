import type { KnownDifference } from '../knownDifference.ts'

/** Defects of Barbican's orders that we do not copy. */
export const MENDED_ORDERS: readonly KnownDifference[] = [
  {
    cause: 'mended',
    quirk: 'Q39',
    reason: 'whoever orders a key is its creator',
    told: 'owner spoofing',
    line: /^GET \/v1\/(secrets|containers)/,
    where: /^body\.(\w+\[\d+\]\.)?creator_id$/,
    theirs: /mallory/,
    ours: /carol/,
  },
  {
    cause: 'mended',
    reason: 'AES keys of 384 and 512 bits are made without a mode',
    told: 'AES orders of 384 and 512 bits',
    line: /^GET \/v1\/orders\//,
    where:
      /^body\.(status|error_status_code|error_reason|sub_status|sub_status_message|secret_ref)$/,
    theirs: /"ERROR"|"500"|Process TypeOrder|absent/,
    ours: /"ACTIVE"|absent|"Unknown"|\/v1\/secrets\//,
  },
  {
    cause: 'mended',
    reason: "a length no key has is the caller's fault",
    told: 'an unsupported order length',
    line: /^GET \/v1\/orders/,
    where: /\.error_status_code$/,
    theirs: /"500"/,
    ours: /"400"/,
  },
  {
    cause: 'mended',
    reason: 'RSA keys of 3072 bits are made',
    told: 'orders of RSA 3072',
    line: /^GET \/v1\/orders\//,
    where: /^body\.container_ref$/,
    theirs: /absent/,
  },
  {
    cause: 'mended',
    quirk: 'Q41',
    reason: 'a passphrase is not shown',
    told: 'the passphrase of an asymmetric order',
    line: /^GET \/v1\/orders/,
    where: /^body\.(orders\[\d+\]\.)?meta\.passphrase$/,
    ours: /"\*{8}"/,
  },
  {
    cause: 'mended',
    reason: 'a DSA pair lies in a container that clients can read',
    told: 'a DSA pair lies in',
    line: /^GET \/v1\/containers/,
    where: /^body\.(containers\[\d+\]\.)?type$/,
    theirs: /"dsa"/,
    ours: /"generic"/,
  },
]
