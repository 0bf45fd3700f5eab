import type { Rate } from '../../lib/tokenBuckets.ts'
import { setting } from '../setting.ts'
import { list, type ValueKind, whole } from '../valueKinds.ts'

const FASTEST = 1_000_000

/** `50:200`: fifty a second, and two hundred at once after a pause. */
const rate: ValueKind<Rate | 'off'> = {
  wants: 'off, or RATE:BURST, requests a second and requests at once, such as 50:200 or 0.5:10',
  blankIsUnset: true,
  isMulti: false,
  parse: (texts) => {
    const given = texts.at(-1)?.trim() ?? ''
    if (given.toLowerCase() === 'off') return 'off'
    const [, perSecond, burst] = /^(\d+(?:\.\d+)?):(\d+)$/.exec(given) ?? []
    const value = { perSecond: Number(perSecond), burst: Number(burst) }
    const isRight = value.perSecond > 0 && value.perSecond <= FASTEST && value.burst >= 1
    return isRight && value.burst <= FASTEST ? value : undefined
  },
  print: (value) => [value === 'off' ? 'off' : `${value.perSecond}:${value.burst}`],
}

const rateOf = (explanation: string) => setting({ explanation, kind: rate, default: 'off' })

export const rateLimitsSection = {
  project_reads: rateOf(
    'GET and HEAD of one project. Each process counts for itself: with several workers or nodes a project gets up to so many times as much.',
  ),
  project_writes: rateOf('Everything else of one project.'),
  user_reads: rateOf('GET and HEAD of one user, in whatever project.'),
  user_writes: rateOf('Everything else of one user.'),
  global_reads: rateOf('GET and HEAD of all together, but for those that are exempt.'),
  global_writes: rateOf('Everything else of all together.'),
  failed_logins: rateOf(
    'Wrong tokens from one address (for IPv6, its /64), and those that are being looked at. Beyond it only tokens that are known here are looked at, so that a flood does not reach ' +
      'Keystone. Behind a proxy that is not in [listener] trusted_proxies everybody has its address.',
  ),
  exempt_projects: setting({
    explanation: 'Ids of projects that are held to none of these but failed_logins.',
    kind: list,
    default: [],
  }),
  exempt_roles: setting({
    explanation:
      "Roles whose bearers are as free, such as `service`; the roles of X-Auth-Token count, not those of a service that sends a user's token.",
    kind: list,
    default: [],
  }),
  remembered: setting({
    explanation:
      'Projects, users and addresses that each limit remembers, about 100 bytes each; whoever was silent for longest is forgotten first.',
    kind: whole(1, 10_000_000),
    default: 10_000,
  }),
}
