import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { KekStoreSettings } from '../config/kekStoreKinds.ts'
import type { Settings } from '../config/settingsTable.ts'
import { sealShare } from '../crypto/kek/escrow.ts'
import { fingerprintOf, KEK_BYTES, KEK_ID_BYTES, type KekFacts } from '../crypto/kek/kek.ts'
import { sealKeyring } from '../crypto/kek/keyringBody.ts'
import { type OpenedKeys, openKeyringKeys, readKeyringHeader } from '../crypto/kek/keyringFile.ts'
import { createPrivateFile, holdingFile, replacePrivateFile } from '../crypto/kek/privateFile.ts'
import type { Quorum } from '../crypto/kek/shares/shamir.ts'
import { type Dealt, dealShares } from '../crypto/kek/shares/shareScheme.ts'
import { systemClock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { recipientsOf } from './backupKeyFiles.ts'
import { deploymentState } from './deploymentState.ts'
import { EXIT_CODES } from './exitCodes.ts'
import { keyringProtection } from './keyringOfSettings.ts'
import { type Asking, keyFromShares } from './shareInput.ts'
import { ensureStateFolder } from './stateFolder.ts'

export interface DealRequest {
  readonly shares: number
  readonly threshold: number
  readonly store?: string
  /** Shares become files there instead of lines on standard output. */
  readonly outputDir?: string
  /** A public key for each share, in their order: the files are sealed to them. */
  readonly recipient?: readonly string[]
}

export type KeyringStore = Extract<KekStoreSettings, { readonly kind: 'keyring' }>

/** `gatehouse kek seal`: a keyring that was sealed otherwise, or a new one, opens with shares from now on. */
export async function kekSeal(
  settings: Settings,
  request: DealRequest,
  asking: Asking,
): Promise<string> {
  const store = keyringNamed(settings, request.store)
  const header = await readKeyringHeader(store.options.file)
  if (header?.protection.kind === 'shares') {
    throw new StartupRefusal(
      `The keyring ${store.options.file} is sealed by shares already: \`gatehouse kek reshare\` deals new ones.`,
    )
  }
  if (header !== undefined) {
    const protection = keyringProtection(store.options, header.protection.kind)
    const opened = await openKeyringKeys(store.options.file, protection)
    return deal(store, opened, request, asking)
  }
  await refuseWhenKnown(settings, store)
  ensureStateFolder(settings.DEFAULT.state_path)
  return deal(store, freshKek(), request, asking, true)
}

/** `gatehouse kek reshare`: other shares, other people, another threshold; the old shares open nothing any more. */
export async function kekReshare(
  settings: Settings,
  request: DealRequest,
  asking: Asking,
): Promise<string> {
  const store = keyringNamed(settings, request.store)
  const opened = await openByShares(store, asking)
  return deal(store, opened, request, asking)
}

/** Whatever protects it: shares are asked for, all else is where the settings say. */
export async function openKeyringOf(store: KeyringStore, asking: Asking): Promise<OpenedKeys> {
  const { file } = store.options
  const header = await readKeyringHeader(file)
  if (header === undefined) throw new StartupRefusal(`There is no keyring at ${file}.`)
  if (header.protection.kind === 'shares') return openByShares(store, asking)
  return openKeyringKeys(file, keyringProtection(store.options, header.protection.kind))
}

async function openByShares(store: KeyringStore, asking: Asking): Promise<OpenedKeys> {
  const { file } = store.options
  const header = await readKeyringHeader(file)
  if (header?.protection.kind !== 'shares') {
    throw new StartupRefusal(
      `The keyring ${file} is not sealed by shares: \`gatehouse kek seal\` does that.`,
    )
  }
  const key = await keyFromShares(file, store.name, asking)
  return openKeyringKeys(file, { kind: 'shares', key, scheme: header.protection })
}

/** @throws StartupRefusal when there is no such store, or it is no keyring */
export function keyringNamed({ kekStores }: Settings, name: string | undefined): KeyringStore {
  const keyrings = kekStores.filter((store) => store.kind === 'keyring')
  const found = name === undefined ? keyrings : keyrings.filter((store) => store.name === name)
  const [store, ...others] = found
  if (store !== undefined && others.length === 0) return store
  const names = keyrings.map((one) => one.name).join(', ') || 'none'
  throw new StartupRefusal(
    store === undefined
      ? `There is no keyring${name === undefined ? '' : ` ${name}`} in the settings; they have ${names}.`
      : `The settings have several keyrings: say which one with --store (${names}).`,
    { exitCode: EXIT_CODES.usage.code },
  )
}

/**
 * Seals the keys under a fresh key and hands its shares out. The shares leave the house before the file
 * changes: killed in between, the old file opens as before and the new shares open nothing.
 */
export async function deal(
  store: KeyringStore,
  { facts, keys }: OpenedKeys,
  request: DealRequest,
  asking: Asking,
  isNew = false,
): Promise<string> {
  const quorum = quorumOf(request)
  const dealt = dealShares(quorum)
  try {
    const file = await sealKeyring(facts, keys, {
      kind: 'shares',
      key: dealt.key,
      scheme: dealt.scheme,
    })
    const { file: path } = store.options
    await handOut(dealt, request, asking)
    if (!isNew) await replaceKeyring(path, facts, file)
    else if (!(await createPrivateFile(path, file))) {
      throw new StartupRefusal(`${path} came into being meanwhile; these shares open nothing.`)
    }
    return notes(store, dealt, quorum, isNew)
  } finally {
    keys.fill(0)
    for (const text of dealt.texts) text.fill(0)
  }
}

/** Keys that somebody adds or retires meanwhile are not to be lost. */
function replaceKeyring(path: string, facts: readonly KekFacts[], file: Buffer): Promise<void> {
  return holdingFile(path, async () => {
    const header = await readKeyringHeader(path)
    if (header === undefined || !isDeepStrictEqual(header.keks, facts)) {
      throw new StartupRefusal(
        `${path} was changed meanwhile: try again; these shares open nothing.`,
      )
    }
    await replacePrivateFile(path, file)
  })
}

function quorumOf({ shares, threshold, recipient }: DealRequest): Quorum {
  if (threshold > shares) {
    throw new StartupRefusal(
      `--threshold ${threshold} is more than --shares ${shares}: nobody could open that.`,
      { exitCode: EXIT_CODES.usage.code },
    )
  }
  if (recipient !== undefined && recipient.length !== shares) {
    throw new StartupRefusal(
      `There are ${shares} shares and ${recipient.length} recipients: each share wants one.`,
      { exitCode: EXIT_CODES.usage.code },
    )
  }
  return { shares, threshold }
}

/** Standard output gets the shares and nothing else, or where they are. */
async function handOut(
  { texts, scheme }: Dealt,
  { outputDir, recipient }: DealRequest,
  { out }: Asking,
): Promise<void> {
  if (outputDir === undefined && recipient === undefined) {
    for (const text of texts) out.write(`${text.toString('latin1')}\n`)
    await setImmediate()
    if (out.isGone !== true) return
    throw new StartupRefusal('Nobody reads the shares any more: the keyring was not changed.')
  }
  const folder = outputDir ?? '.'
  await ensureFolder(folder)
  for (const [position, text] of texts.entries()) {
    const name = `share-${scheme.set}-${position + 1}`
    const to = recipient?.[position]
    const [key] = to === undefined ? [] : await recipientsOf([to])
    const content =
      key === undefined
        ? Buffer.concat([text, Buffer.from('\n')])
        : Buffer.from(await sealShare(text, key))
    const path = join(folder, key === undefined ? name : `${name}.jwe`)
    if (!(await createPrivateFile(path, content))) {
      throw new StartupRefusal(`${path} is there already; the keyring was not changed.`)
    }
    content.fill(0)
    out.write(to === undefined ? `${path}\n` : `${path}, sealed to ${to}\n`)
  }
}

/** One level only: a path mistyped further up is a mistake, not a wish. */
async function ensureFolder(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EEXIST') return
    throw new StartupRefusal(
      `The folder ${path} cannot be made (${cause.code ?? 'unknown error'}): the keyring was not changed.`,
      { cause },
    )
  })
}

function notes(
  { name, options }: KeyringStore,
  { scheme }: Dealt,
  { shares, threshold }: Quorum,
  isNew: boolean,
): string {
  const lines = [
    `${isNew ? 'Made' : 'Sealed'} ${options.file}: any ${threshold} of these ${shares} shares of ${scheme.set} open it, and nothing else does.`,
    'Each is shown this once and kept nowhere: give every one to somebody else, and none to this machine.',
  ]
  if (options.protection !== 'shares') lines.push(`Write protection = shares in [${name}] now.`)
  if (!isNew) {
    lines.push(
      'Copies of the file as it was before open as they did: destroy them, and let a running server be started again.',
    )
  }
  return lines.join('\n')
}

async function refuseWhenKnown(settings: Settings, { name, options }: KeyringStore): Promise<void> {
  const state = await deploymentState(settings, systemClock())
  const canaries = state?.canaries.filter(({ store }) => store === name) ?? []
  if (canaries.length === 0 && state?.storesInUse.includes(name) !== true) return
  const wanted = canaries.map(({ fingerprint }) => fingerprint).join(', ')
  throw new StartupRefusal(
    `There is no keyring at ${options.file}, but the database was used with one (fingerprint ${wanted}): restore it from a backup (\`gatehouse kek restore\`); a new one would open nothing.`,
    { exitCode: EXIT_CODES.keys.code },
  )
}

function freshKek(): OpenedKeys {
  const keys = randomBytes(KEK_BYTES)
  const facts: KekFacts = {
    id: randomBytes(KEK_ID_BYTES).toString('hex'),
    state: 'primary',
    createdAt: systemClock().now(),
    fingerprint: fingerprintOf(keys),
  }
  return { facts: [facts], keys }
}
