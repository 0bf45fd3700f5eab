import { z } from 'zod'
import type { ProjectId } from '../lib/ids.ts'

/** What a message on Keystone's topic says to us. */
export type KeystoneNotification =
  | { readonly kind: 'projectDeleted'; readonly projectId: ProjectId }
  /** Well formed, and none of our business. */
  | { readonly kind: 'other' }
  /** No notification: it will not become one by being delivered again. */
  | { readonly kind: 'unreadable'; readonly why: string }

/** Keystone's are a few thousand bytes. */
const MOST_BYTES = 1_048_576
const MOST_CHARACTERS_OF_AN_ID = 255

/** oslo.messaging's `messagingv2` wraps the notification, as text, in an envelope; `messaging` does not. */
const envelope = z.object({ 'oslo.version': z.string(), 'oslo.message': z.string() })
const notification = z.object({ event_type: z.string(), payload: z.unknown() })
/** Both of Keystone's formats, `basic` and `cadf`, say it under this name. */
const deletion = z.object({
  resource_info: z
    .string()
    .min(1)
    .max(MOST_CHARACTERS_OF_AN_ID)
    // It goes into logs, addresses and the database.
    .regex(/^[^\p{Cc}\p{Cs}]+$/u),
  // Only CADF has one.
  outcome: z.string().optional(),
})

/** Whatever the bytes are, this returns. */
export function readKeystoneNotification(bytes: Uint8Array): KeystoneNotification {
  if (bytes.length > MOST_BYTES) return unreadable(`is longer than ${MOST_BYTES} bytes`)
  const outer = jsonOf(new TextDecoder().decode(bytes))
  if (outer === undefined) return unreadable('is not JSON')
  const wrapped = envelope.safeParse(outer)
  const inner = wrapped.success ? jsonOf(wrapped.data['oslo.message']) : outer
  const told = notification.safeParse(inner)
  if (!told.success) return unreadable('is no notification')
  if (!isProjectDeleted(told.data.event_type)) return { kind: 'other' }
  const deleted = deletion.safeParse(told.data.payload)
  if (!deleted.success) return unreadable('tells of a deleted project and not of which')
  const { resource_info: projectId, outcome = 'success' } = deleted.data
  if (outcome !== 'success') return { kind: 'other' }
  return { kind: 'projectDeleted', projectId: projectId as ProjectId }
}

/** `identity.project.deleted`; what stands before the last two parts does not matter (contract 12). */
function isProjectDeleted(eventType: string): boolean {
  return eventType.split('.').slice(-2).join('.') === 'project.deleted'
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreadable(why: string): KeystoneNotification {
  return { kind: 'unreadable', why }
}
