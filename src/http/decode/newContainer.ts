import { z } from 'zod'
import type { NewContainer } from '../../domain/newContainer.ts'
import { Fault } from '../../lib/fault.ts'
import { secretIdOfRef, secretRef } from './secretRef.ts'
import { text } from './text.ts'

const TYPES = ['generic', 'rsa', 'certificate'] as const

/** Unknown keys are ignored (contract 04). */
export const newContainerBody = z.object(
  {
    type: z
      .enum(TYPES, { error: `one of ${TYPES.join(', ')} is wanted` })
      .describe('generic takes any secrets; the others want certain names.'),
    name: text(255).nullish().describe('What people call it.'),
    secret_refs: z
      .array(
        z.object(
          {
            name: text(255).nullish().describe('What the container calls the secret.'),
            secret_ref: secretRef,
          },
          { error: 'an object with a secret_ref is wanted' },
        ),
        { error: 'an array is wanted' },
      )
      .optional()
      .describe('The secrets in it.'),
  },
  { error: 'an object is wanted' },
)

/** @param base what our own refs start with: a ref that starts otherwise is none of ours */
export function decodeNewContainer(
  body: z.infer<typeof newContainerBody>,
  base: string,
): NewContainer {
  const given = (body.secret_refs ?? []).map((member) => ({
    ...member,
    ref: withoutTrailingSlashes(member.secret_ref),
  }))
  // The reference takes an absent name for an empty one here, and null for another (contract 04).
  if (hasTwice(given.map(({ name }) => (name === undefined ? '' : name)))) {
    throw invalid('the names must differ, and one secret at most may have none')
  }
  if (hasTwice(given.map(({ ref }) => ref.slice(ref.lastIndexOf('/') + 1)))) {
    throw invalid('no secret may stand in it twice')
  }
  // With the slash: a host whose name begins like ours is another (Q37).
  if (!given.every(({ secret_ref }) => secret_ref.startsWith(`${base}/`))) {
    throw invalid(`every secret_ref must start with ${base}/`)
  }
  return {
    type: body.type,
    name: body.name ?? null,
    members: given.map(({ name, ref }) => ({ name: name ?? null, secretId: secretIdOfRef(ref) })),
  }
}

function withoutTrailingSlashes(ref: string): string {
  let end = ref.length
  while (ref[end - 1] === '/') end -= 1
  return ref.slice(0, end)
}

function hasTwice(values: readonly unknown[]): boolean {
  return new Set(values).size < values.length
}

function invalid(wanted: string): Fault {
  return new Fault('badRequest', `Property secret_refs is not valid: ${wanted}.`)
}
