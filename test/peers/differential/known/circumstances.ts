import type { KnownDifference } from '../knownDifference.ts'

/** What lies in this comparison: Debian's Barbican is older than the one we follow, and neither has a Keystone here. */
export const CIRCUMSTANCES: readonly KnownDifference[] = [
  {
    cause: 'newer Barbican',
    reason: 'microversion 1.2 came after 15.0.1, which refuses it',
    header: ['openstack-api-version', /key-manager 1\.2\b/],
    where: /^status$/,
    theirs: /^406$/,
  },
  {
    cause: 'newer Barbican',
    reason: 'the latest microversion is 1.2, not 1.1',
    where: /^header openstack-api-version$|^body\.versions?(\[0\])?\.max_version$/,
    theirs: /1\.1"$/,
    ours: /1\.2"$/,
  },
  {
    cause: 'newer Barbican',
    reason: 'next and previous of /secrets keep the filters',
    line: /^GET \/v1\/secrets\?/,
    where: /^body\.(next|previous) filters$/,
    theirs: /^""$/,
  },
  {
    cause: 'newer Barbican',
    reason: 'orders of certificates are gone',
    line: /^POST \/v1\/orders$/,
    body: /"type":"certificate"/,
    where: /^status$/,
    theirs: /^202$/,
    ours: /^400$/,
  },
  {
    cause: 'ours',
    reason: 'the build is that of each',
    told: '`?build`',
    line: /^GET \/.*\?build/,
    where: /^body\.build$/,
  },
  {
    cause: 'without Keystone',
    reason: 'a request without roles is an administrator there, and has no roles here',
    line: /^GET \/v1\/secrets$/,
    where: /^status$/,
    theirs: /^200$/,
    ours: /^403$/,
  },
]
