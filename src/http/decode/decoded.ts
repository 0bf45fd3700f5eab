import type { z } from 'zod'
import { Fault } from '../../lib/fault.ts'

/** Turns the first thing zod dislikes into a Fault that names the property and what would be right. */
export function decoded<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new Fault('badRequest', issue === undefined ? 'The body is not valid.' : sentence(issue))
}

function sentence(issue: z.core.$ZodIssue): string {
  const where =
    issue.path.length === 0 ? 'The body' : `Property ${issue.path.map(String).join('.')}`
  return `${where} is not valid: ${issue.message}.`
}
