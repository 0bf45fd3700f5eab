import { setTimeout as delay } from 'node:timers/promises'
import type { ServerConnection } from './serverConnection.ts'

/** A server that hangs is not there to say goodbye to. */
const LEAVE_WITHIN_MS = 1_000

/** Closes in order, or without the server when that takes too long. Never fails. */
export async function leaveServer(connection: ServerConnection): Promise<void> {
  const ended = new AbortController()
  const late = delay(LEAVE_WITHIN_MS, undefined, { signal: ended.signal, ref: false })
  await Promise.race([connection.close(), late]).catch(() => undefined)
  ended.abort()
  await late.catch(() => undefined)
  connection.destroy()
}
