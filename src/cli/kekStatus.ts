import { existsSync } from 'node:fs'
import type { Settings } from '../config/settingsTable.ts'
import { openKeyringFile } from '../crypto/kek/keyringFile.ts'
import type { DeploymentState, KekDescription } from '../domain/ports.ts'
import { systemClock } from '../lib/clock.ts'
import { deploymentState } from './deploymentState.ts'
import { type ExitReason, refusingWith } from './exitCodes.ts'
import { keyringProtection } from './keyringOfSettings.ts'

/** `gatehouse kek status`: what the keyring holds, and whether it is the one this database needs. */
export async function kekStatus(
  settings: Settings,
): Promise<{ readonly text: string; readonly reason: ExitReason }> {
  const clock = systemClock()
  const deployment = await deploymentState(settings, clock)
  if (!existsSync(settings.keyring.file) && deployment?.holdsProjectKeys !== true) {
    const text = `There is no keyring at ${settings.keyring.file} yet: the first \`gatehouse serve\` makes it.`
    return { text, reason: 'done' }
  }
  const wantedFingerprints = deployment?.canaries.map(({ fingerprint }) => fingerprint) ?? []
  const keyring = await refusingWith('keys', () =>
    openKeyringFile({
      path: settings.keyring.file,
      protection: keyringProtection(settings),
      mayCreate: false,
      wantedFingerprints,
      clock,
    }),
  )
  try {
    const description = keyring.describe()
    const missing = missingFingerprints(description, deployment)
    const lines = [
      `store       ${keyring.name} (${description.kind}), ${settings.keyring.file}`,
      `protection  ${description.protection}`,
      `deployment  ${deployment?.deploymentId ?? 'none yet: the first `gatehouse serve` makes it'}`,
      '',
      ...keyLines(description),
    ]
    if (missing.length === 0) return { text: lines.join('\n'), reason: 'done' }
    lines.push('', `The database needs ${missing.join(', ')}, which this keyring does not hold.`)
    return { text: lines.join('\n'), reason: 'keys' }
  } finally {
    await keyring.close()
  }
}

function keyLines({ keks, currentKekId }: KekDescription): readonly string[] {
  const rows = [
    ['state', 'fingerprint', 'made', 'id'],
    ...keks.map(({ state, fingerprint, createdAt, id }) => [
      state,
      fingerprint,
      createdAt,
      id === currentKekId ? `${id} (wraps new keys)` : id,
    ]),
  ]
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join('  ')
      .trimEnd(),
  )
}

function missingFingerprints(
  { keks }: KekDescription,
  deployment: DeploymentState | undefined,
): readonly string[] {
  const held = new Set(keks.map(({ fingerprint }) => fingerprint))
  const wanted = deployment?.canaries.map(({ fingerprint }) => fingerprint) ?? []
  return wanted.filter((fingerprint) => !held.has(fingerprint))
}
