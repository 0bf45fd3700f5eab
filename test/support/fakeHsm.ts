import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeptKekStore } from '../../src/crypto/kek/keptKekStore.ts'
import { openPkcs11, type Pkcs11Request } from '../../src/crypto/kek/pkcs11/openPkcs11.ts'
import { systemClock } from '../../src/lib/clock.ts'

export const FAKE_ADDON = join(import.meta.dirname, 'fakePkcs11')

interface FakeKey {
  readonly label: string
  /** Hexadecimal. */
  readonly value: string
  readonly uses: readonly ('encrypt' | 'wrap')[]
}

interface FakeToken {
  label: string
  serial: string
  pin: string
  wrongPins: number
  keys: FakeKey[]
}

interface FakeState {
  tokens: FakeToken[]
  mechanisms: number[]
  maxSessions: number
  cannotLock: boolean
  appendsNonce?: boolean
  /** The next call of this kind waits, and others beside it do not, as long as `isHolding` says so. */
  hold?: 'wrap' | 'unwrap'
  isHolding?: boolean
  /** How often somebody logged in, or tried. */
  logins: number
  trouble?: {
    what: 'hang' | 'crash' | `CKR_${string}`
    during?: 'wrap' | 'unwrap'
    once?: boolean
  }
}

export const MECHANISM_NUMBERS = { ecb: 0x1081, gcm: 0x1087, kwp: 0x210a }

/** An HSM made of a file, spoken to by the real process over a fake of the addon (fakePkcs11/index.js). */
export class FakeHsm {
  readonly folder = mkdtempSync(join(tmpdir(), 'gatehouse-fake-hsm-'))
  readonly #stores: KeptKekStore[] = []
  pin = 'canary-of-a-pin'

  constructor() {
    this.#write({
      tokens: [this.newToken('gatehouse', '0001')],
      mechanisms: Object.values(MECHANISM_NUMBERS),
      maxSessions: 100,
      cannotLock: false,
      logins: 0,
    })
  }

  get library(): string {
    return join(this.folder, 'hsm.json')
  }

  get state(): FakeState {
    return JSON.parse(readFileSync(this.library, 'utf8'))
  }

  newToken(label: string, serial: string): FakeToken {
    return { label, serial, pin: this.pin, wrongPins: 0, keys: [newKey('kek')] }
  }

  change(change: (state: FakeState) => void): void {
    const state = this.state
    change(state)
    this.#write(state)
  }

  addKey(label: string, uses: FakeKey['uses'] = ['encrypt', 'wrap']): void {
    this.change(({ tokens }) => tokens[0]?.keys.push(newKey(label, uses)))
  }

  request(changes: Partial<Pkcs11Request> = {}): Pkcs11Request {
    return {
      name: 'pkcs11',
      addon: FAKE_ADDON,
      libraryPath: this.library,
      token: { serial: undefined, labels: ['gatehouse'], slotId: undefined },
      labels: ['kek'],
      known: [],
      mechanism: 'auto',
      maxSessions: 4,
      isReadWrite: true,
      environment: {},
      readPin: () => Buffer.from(`${this.pin}\n`),
      timeoutMs: 20_000,
      patienceMs: 0,
      clock: systemClock(),
      ...changes,
    }
  }

  async open(changes: Partial<Pkcs11Request> = {}): Promise<KeptKekStore> {
    const store = await openPkcs11(this.request(changes))
    this.#stores.push(store)
    return store
  }

  async remove(): Promise<void> {
    for (const store of this.#stores) await store.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #write(state: FakeState): void {
    writeFileSync(`${this.library}.new`, JSON.stringify(state))
    renameSync(`${this.library}.new`, this.library)
  }
}

function newKey(label: string, uses: FakeKey['uses'] = ['encrypt', 'wrap']): FakeKey {
  return { label, value: randomBytes(32).toString('hex'), uses }
}
