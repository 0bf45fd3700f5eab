import type { Settings } from '../config/settingsTable.ts'
import { CertificateReader } from '../crypto/certificateReader.ts'
import { RowIntegrity } from '../crypto/integrity.ts'
import { EnvelopeSealer } from '../crypto/sealer.ts'
import { openDatabase } from '../db/database.ts'
import { CertificateSurvey, type Surveyed } from '../domain/certificateSurvey.ts'
import type { Alarms, IntegrityFinding } from '../domain/ports/crypto.ts'
import { systemClock } from '../lib/clock.ts'
import { databaseOfSettings } from './databaseOfSettings.ts'
import { refusingWith } from './exitCodes.ts'
import type { LongWork } from './longWork.ts'
import { openKeyring } from './openKeyring.ts'
import type { Asking } from './shareInput.ts'

/** Wholly in the memory of this process, and one transaction each. */
const BATCH = 100
/** More than this many findings are one cause. */
const MOST_FINDINGS = 100

/** Opens what was stored before certificates were looked at; a server may be at work meanwhile. */
export async function surveyCertificates(
  settings: Settings,
  work: LongWork,
  asking: Asking,
): Promise<Surveyed & { readonly lines: readonly string[] }> {
  const findings: string[] = []
  const alarms = {
    integrity: ({ kind, id, what }: IntegrityFinding) => {
      if (findings.length < MOST_FINDINGS) findings.push(`  ${kind} ${id}: ${what}`)
    },
  }
  const surveyed = await survey(settings, alarms, work, asking)
  const { looked, found, damaged } = surveyed
  const lines = [
    `looked at   ${looked} payloads stored before`,
    `found       ${found} certificates and keys`,
    ...(damaged === 0 ? [] : [`damaged     ${damaged}:`, ...findings]),
  ]
  return { ...surveyed, lines }
}

async function survey(
  settings: Settings,
  alarms: Alarms,
  work: LongWork,
  asking: Asking,
): Promise<Surveyed> {
  const database = await refusingWith('database', () =>
    openDatabase({ ...databaseOfSettings(settings), clock: systemClock() }),
  )
  try {
    // Where nothing is stored there may be no key either.
    if ((await database.certificates.countUnread(undefined)) === 0) return NOTHING
    const { keyring, deploymentId, close } = await openKeyring(settings, database, alarms, asking)
    try {
      const parts = { keyring, deploymentId, alarms }
      const payloads = new CertificateSurvey({
        ...database,
        integrity: new RowIntegrity(parts),
        payloadReader: new CertificateReader(new EnvelopeSealer(parts)),
      })
      const kept = () => 'what was looked at is kept, and the next run goes on from there'
      const advance = work.begin('looking at payloads', await payloads.count(), kept)
      return await payloads.run(BATCH, advance)
    } finally {
      await close()
    }
  } finally {
    await database.close()
  }
}

const NOTHING: Surveyed = { looked: 0, found: 0, damaged: 0 }
