import { setTimeout as delay } from 'node:timers/promises'
import type { Settings } from '../config/settingsTable.ts'
import { reachServer } from '../db/server/reachServer.ts'
import type { Log } from '../lib/log.ts'
import { refusingWith } from './exitCodes.ts'

/** In containers the database often starts beside us: waits for it as long as the settings say. */
export async function awaitDatabase({ database }: Settings, log: Log): Promise<void> {
  const { connection: url, max_retries: retries, retry_interval: seconds } = database
  for (let attempt = 0; retries < 0 || attempt < retries; attempt += 1) {
    const reason = await refusingWith('database', () => reachServer(url))
    if (reason === undefined) return
    log.warn({ reason, retryInSeconds: seconds }, 'the database server cannot be reached yet')
    await delay(seconds * 1000)
  }
  // Whatever it says now is said by the start itself.
}
