import { parseDurationSeconds } from '../duration.ts'
import { setting } from '../setting.ts'
import { seconds, type ValueKind, whole } from '../valueKinds.ts'

const LARGEST_QUOTA = 2 ** 31 - 1

const quotaOf = (what: string) =>
  setting({
    explanation: `How many ${what} a project may have that has no quota of its own. Negative: no limit.`,
    kind: whole(-LARGEST_QUOTA - 1, LARGEST_QUOTA),
    default: -1,
  })

export const quotasSection = {
  quota_secrets: quotaOf('secrets'),
  quota_orders: quotaOf('orders'),
  quota_containers: quotaOf('containers'),
  quota_consumers: quotaOf('consumers of containers, and as many of secrets,'),
  quota_cas: quotaOf('certificate authorities (there are none; clients print the number)'),
}

const SECONDS_PER_DAY = 86_400
const MOST_DAYS = 36_500

const keptFor: ValueKind<number | 'forever'> = {
  wants: `forever, or a time such as 90d, 12h (at most ${MOST_DAYS}d)`,
  blankIsUnset: true,
  isMulti: false,
  parse: (texts) => {
    const given = texts.at(-1)?.trim() ?? ''
    if (given === 'forever') return 'forever'
    const value = parseDurationSeconds(given)
    return value !== undefined && value <= MOST_DAYS * SECONDS_PER_DAY ? value : undefined
  },
  print: (value) => [
    value === 'forever' || value % SECONDS_PER_DAY !== 0
      ? String(value)
      : `${value / SECONDS_PER_DAY}d`,
  ],
}

export const housekeepingSection = {
  interval: setting({
    explanation:
      'How often the server removes what is long over. The first time comes one interval after the start. 0: never.',
    kind: seconds(0, 30 * SECONDS_PER_DAY),
    default: 3600,
  }),
  keep_expired_secrets: setting({
    explanation:
      'How long an expired secret stays in the database before its key is destroyed. Nobody can ask for it in that time.',
    kind: keptFor,
    default: 90 * SECONDS_PER_DAY,
  }),
  keep_tombstones: setting({
    explanation:
      'How long the database tells that a deleted record was once there: its id, project, creator and times.',
    kind: keptFor,
    default: 365 * SECONDS_PER_DAY,
  }),
}
