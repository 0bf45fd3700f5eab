import { z } from 'zod'

/** What the column of every database holds. */
const LARGEST = 2 ** 31 - 1
const WANTED = `a whole number from -${LARGEST + 1} to ${LARGEST} is wanted; negative means no limit`

const quota = z
  .int({ error: WANTED })
  .min(-LARGEST - 1, { error: WANTED })
  .max(LARGEST, { error: WANTED })

const ONLY =
  'an object of secrets, orders, containers, consumers and cas, and nothing else, is wanted'

/** PUT /v1/project-quotas/{id}: exactly this and nothing else (contract 07). */
export const projectQuotasBody = z.strictObject(
  {
    project_quotas: z.strictObject(
      {
        secrets: quota.optional().describe('Secrets that are neither deleted nor expired.'),
        orders: quota.optional().describe('Orders that are not deleted.'),
        containers: quota.optional().describe('Containers that are not deleted.'),
        consumers: quota
          .optional()
          .describe(
            'Consumers that the project registered: of containers, and as many of secrets.',
          ),
        cas: quota.optional().describe('Kept and shown; there are no certificate authorities.'),
      },
      { error: ONLY },
    ),
  },
  { error: 'an object of project_quotas, and nothing else, is wanted' },
)
