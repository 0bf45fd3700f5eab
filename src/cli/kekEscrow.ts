import { readFile } from 'node:fs/promises'
import type { Settings } from '../config/settingsTable.ts'
import { openKeyringCopy, openSealedShare, sealKeyringCopy } from '../crypto/kek/escrow.ts'
import { sealKeyring } from '../crypto/kek/keyringBody.ts'
import { keysOfPlainKeyring, type OpenedKeys } from '../crypto/kek/keyringFile.ts'
import { createPrivateFile, replacePrivateFile } from '../crypto/kek/privateFile.ts'
import { holdSecret } from '../crypto/kek/protection.ts'
import type { DeploymentState } from '../domain/ports/keyRepositories.ts'
import { systemClock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { type PrivateKeyOptions, privateKeyOf, recipientsOf } from './backupKeyFiles.ts'
import { deploymentState } from './deploymentState.ts'
import { EXIT_CODES } from './exitCodes.ts'
import {
  type DealRequest,
  deal,
  type KeyringStore,
  keyringNamed,
  openKeyringOf,
} from './kekShares.ts'
import { keyringProtection } from './keyringOfSettings.ts'
import type { Asking } from './shareInput.ts'
import { ensureStateFolder } from './stateFolder.ts'

export interface EscrowRequest {
  readonly recipient: readonly string[]
  readonly out: string
  readonly store?: string
  readonly force?: boolean
}

export interface RestoreRequest extends PrivateKeyOptions, Partial<DealRequest> {
  readonly from: string
}

/** `gatehouse kek escrow`: a copy of the keyring that each of these people can open alone. */
export async function kekEscrow(
  settings: Settings,
  { recipient, out, store: name, force = false }: EscrowRequest,
  asking: Asking,
): Promise<string> {
  const store = keyringNamed(settings, name)
  const recipients = await recipientsOf(recipient)
  const { facts, keys } = await openKeyringOf(store, asking)
  try {
    const keyring = await sealKeyring(facts, keys, { kind: 'plain' })
    try {
      const deployment = await deploymentState(settings, systemClock())
      refuseOthers(store, facts, deployment)
      const head = {
        store: store.name,
        ...(deployment?.deploymentId === undefined ? {} : { deployment: deployment.deploymentId }),
        fingerprints: facts.map(({ fingerprint }) => fingerprint),
        createdAt: systemClock().now(),
      }
      const text = Buffer.from(await sealKeyringCopy(keyring, head, recipients))
      if (force) await replacePrivateFile(out, text)
      else if (!(await createPrivateFile(out, text))) {
        throw new StartupRefusal(`${out} is there already: name another file, or give --force.`)
      }
      return [
        `escrow      ${out}: ${facts.length} KEKs of ${store.name}`,
        ...head.fingerprints.map((fingerprint) => `fingerprint ${fingerprint}`),
        ...recipients.map(({ thumbprint }) => `sealed to   ${thumbprint}`),
        'Whoever has one of these private keys and a copy of the database has every secret in it.',
      ].join('\n')
    } finally {
      keyring.fill(0)
    }
  } finally {
    keys.fill(0)
  }
}

/** `gatehouse kek restore`: the keyring file from an escrow, sealed as the settings say. */
export async function kekRestore(
  settings: Settings,
  request: RestoreRequest,
  asking: Asking,
): Promise<string> {
  const file = await readSealed(request.from)
  const { head, keyring } = await openKeyringCopy(request.from, file, await privateKeyOf(request))
  try {
    const store = keyringNamed(settings, request.store ?? head.store)
    const opened = await keysOfPlainKeyring(request.from, keyring)
    const deployment = await deploymentState(settings, systemClock())
    refuseOthers(store, opened.facts, deployment)
    ensureStateFolder(settings.DEFAULT.state_path)
    const written = await writeKeyring(store, opened, request, asking)
    const isKnown = deployment?.canaries.some((canary) => canary.store === store.name) === true
    const verdict = isKnown
      ? 'verdict     these are the KEKs that this database needs'
      : 'verdict     written; no database here knows this keyring, so nothing was compared'
    return [
      written,
      `restored    ${opened.facts.length} KEKs, sealed away on ${head.createdAt}`,
      verdict,
    ].join('\n')
  } finally {
    keyring.fill(0)
  }
}

/** `gatehouse kek open-share`: what a person does at home with a share that was sealed to their key. */
export async function kekOpenShare(path: string, options: PrivateKeyOptions): Promise<string> {
  const file = await readSealed(path)
  const share = await openSealedShare(path, file, await privateKeyOf(options))
  try {
    return share.toString('latin1')
  } finally {
    share.fill(0)
  }
}

async function writeKeyring(
  store: KeyringStore,
  opened: OpenedKeys,
  request: RestoreRequest,
  asking: Asking,
): Promise<string> {
  const { file: path, protection } = store.options
  const { shares, threshold, outputDir, recipient } = request
  if (protection === 'shares') {
    if (shares === undefined || threshold === undefined) {
      throw new StartupRefusal(
        `[${store.name}] protection is shares: say how many (--shares 5 --threshold 3).`,
        { exitCode: EXIT_CODES.usage.code },
      )
    }
    const dealing = {
      shares,
      threshold,
      ...(outputDir === undefined ? {} : { outputDir }),
      ...(recipient === undefined ? {} : { recipient }),
    }
    return deal(store, opened, dealing, asking, true)
  }
  try {
    const held = await holdSecret(keyringProtection(store.options, protection))
    const made = await sealKeyring(opened.facts, opened.keys, held)
    if (await createPrivateFile(path, made)) return `keyring     ${path}`
    throw new StartupRefusal(
      `${path} is there already: move it away, a keyring is never overwritten.`,
    )
  } finally {
    opened.keys.fill(0)
  }
}

/** @throws StartupRefusal when the database has canaries of KEKs that are not among these */
function refuseOthers(
  { name }: KeyringStore,
  facts: OpenedKeys['facts'],
  deployment: DeploymentState | undefined,
): void {
  const held = new Set(facts.map(({ fingerprint }) => fingerprint))
  const missing = (deployment?.canaries ?? []).filter(
    ({ store, fingerprint }) => store === name && !held.has(fingerprint),
  )
  if (missing.length === 0) return
  const wanted = missing.map(({ fingerprint }) => fingerprint).join(', ')
  throw new StartupRefusal(
    `These are not the KEKs that this database needs: it wants ${wanted} of ${name}, there are ${[...held].join(', ')}.`,
    { exitCode: EXIT_CODES.keys.code },
  )
}

/** Whoever may read it reads nothing: any mode will do. */
function readSealed(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new StartupRefusal(`${path} cannot be read: ${cause.code ?? 'unknown error'}.`, { cause })
  })
}
