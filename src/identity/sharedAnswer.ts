import { z } from 'zod'
import type { ProjectId } from '../lib/ids.ts'
import type { KeystoneAnswer } from './keystoneAnswer.ts'

/** What another process has heard from Keystone, and when by its clock. */
export interface SharedAnswer {
  readonly answer: KeystoneAnswer
  readonly validatedAtEpochMs: number
}

const nullableText = z.string().nullable()
const form = z.strictObject({
  validatedAt: z.int(),
  expiresAt: z.int(),
  roles: z.array(z.string()),
  caller: z
    .strictObject({
      userId: nullableText,
      projectId: z.string(),
      userDomainId: nullableText,
      projectDomainId: nullableText,
    })
    .nullable(),
  /** null: not restricted. */
  accessRules: z
    .array(z.strictObject({ service: z.string(), method: z.string(), path: z.string() }))
    .nullable(),
})

export function encodeShared({ answer, validatedAtEpochMs }: SharedAnswer): Buffer {
  const { caller, roles, expiresAtMs, accessRules } = answer
  const content: z.infer<typeof form> = {
    validatedAt: validatedAtEpochMs,
    expiresAt: expiresAtMs,
    roles: [...roles],
    caller:
      caller === undefined
        ? null
        : {
            userId: caller.userId,
            projectId: caller.projectId,
            userDomainId: caller.userDomainId,
            projectDomainId: caller.projectDomainId,
          },
    accessRules: accessRules === undefined ? null : [...accessRules],
  }
  return Buffer.from(JSON.stringify(content))
}

/** @returns undefined for what another release may have written in another form */
export function decodeShared(content: Uint8Array): SharedAnswer | undefined {
  const parsed = form.safeParse(parseJson(content))
  if (!parsed.success) return undefined
  const { validatedAt, expiresAt, caller, accessRules } = parsed.data
  const roles = new Set(parsed.data.roles)
  return {
    validatedAtEpochMs: validatedAt,
    answer: Object.freeze({
      caller:
        caller === null
          ? undefined
          : Object.freeze({
              ...caller,
              projectId: caller.projectId as ProjectId,
              roles,
              domainId: null,
              strategy: 'keystone' as const,
            }),
      roles,
      expiresAtMs: expiresAt,
      accessRules: accessRules ?? undefined,
    }),
  }
}

function parseJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString('utf8'))
  } catch {
    return undefined
  }
}
