import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '../config/settingsTable.ts'
import { establishDeployment } from '../crypto/deployment.ts'
import { RowIntegrity } from '../crypto/integrity.ts'
import { EnvelopeSealer } from '../crypto/sealer.ts'
import { EnvelopeProof } from '../crypto/sealProof.ts'
import { openSealedRecords } from '../db/backup/sqlSealedRecords.ts'
import { openDatabase } from '../db/database.ts'
import { type ProvenRecords, proveRecords } from '../domain/backup/proveRecords.ts'
import { readBackup } from '../domain/backup/restoreBackup.ts'
import { systemClock } from '../lib/clock.ts'
import type { PrivateKeyOptions } from './backupKeyFiles.ts'
import { headLines, sumLines } from './backupLines.ts'
import { restoreInto, withBackup } from './backupRestore.ts'
import { type ExitReason, refusingWith } from './exitCodes.ts'
import type { LongWork } from './longWork.ts'
import { openKeyring } from './openKeyring.ts'
import type { Asking } from './shareInput.ts'
import { ensureStateFolder } from './stateFolder.ts'

interface Report {
  readonly text: string
  readonly reason: ExitReason
}

/** More than this many findings are one cause. */
const MOST_FINDINGS = 100
const NO_ALARMS = { integrity: () => undefined }

/** `gatehouse backup verify --without-kek`: the file alone, to its last chunk. */
export async function backupVerifyFile(
  file: string,
  options: PrivateKeyOptions,
  work: LongWork,
): Promise<Report> {
  const { head, sums } = await withBackup(file, options, work, async (backup) => ({
    head: backup.head,
    sums: await refusingWith('backup', () => readBackup(backup)),
  }))
  const verdict = 'verdict     the file is whole; its envelopes were not opened'
  const lines = [...headLines(head), ...sumLines(sums), verdict]
  return { text: lines.join('\n'), reason: 'done' }
}

/**
 * `gatehouse backup verify`: restores into a database of its own below the state folder, and opens there
 * what a server would have to open. What it makes is sealed as the original is, and goes at its end.
 */
export async function backupVerify(
  settings: Settings,
  file: string,
  options: PrivateKeyOptions,
  work: LongWork,
  asking: Asking,
): Promise<Report> {
  const { state_path: statePath } = settings.DEFAULT
  ensureStateFolder(statePath)
  const folder = await mkdtemp(join(statePath, 'backup-verify-'))
  try {
    const url = `sqlite:///${join(folder, 'restored.sqlite')}`
    const { head, sums } = await withBackup(file, options, work, (backup) =>
      restoreInto(url, backup, work),
    )
    const findings: string[] = []
    const onDamage = (what: string): void => {
      if (findings.length < MOST_FINDINGS) findings.push(`  ${what}`)
    }
    const proven = await proveAll(settings, url, onDamage, work, asking)
    const { projectKeys, secrets, containers, orders, damaged } = proven
    const lines = [
      ...headLines(head),
      ...sumLines(sums),
      `opened      ${projectKeys} project keys, ${secrets} secrets, ${containers} containers, ${orders} orders`,
    ]
    if (damaged === 0) {
      lines.push('verdict     everything opens')
      return { text: lines.join('\n'), reason: 'done' }
    }
    lines.push(`damaged     ${damaged}, as in the database it was made of:`, ...findings)
    return { text: lines.join('\n'), reason: 'backup' }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function proveAll(
  settings: Settings,
  url: string,
  onDamage: (what: string) => void,
  work: LongWork,
  asking: Asking,
): Promise<ProvenRecords> {
  const clock = systemClock()
  const database = await refusingWith('database', () => openDatabase({ url, clock }))
  try {
    const open = await openKeyring(settings, database, NO_ALARMS, asking)
    const records = await openSealedRecords(url, database)
    try {
      const { keyring, kekStores, deploymentId } = open
      const { deployment } = database
      await refusingWith('keys', () => establishDeployment({ deployment, kekStores, clock }))
      const parts = { keyring, deploymentId, alarms: NO_ALARMS }
      const advance = work.begin('opening records', await records.count())
      return await proveRecords({
        records,
        integrity: new RowIntegrity(parts),
        proof: new EnvelopeProof({ keyring, sealer: new EnvelopeSealer(parts) }),
        onRecord: () => advance(1),
        onDamage,
      })
    } finally {
      await records.close()
      await open.close()
    }
  } finally {
    await database.close()
  }
}
