import { z } from 'zod'

/** No zone: all times are UTC, and old clients parse exactly this. */
export const timeShown = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/)
  .describe('UTC, without a zone; microseconds unless they are 0.')
