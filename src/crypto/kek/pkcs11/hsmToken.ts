import { randomBytes } from 'node:crypto'
import {
  type Addon,
  CKA_CLASS,
  CKA_DECRYPT,
  CKA_ENCRYPT,
  CKA_EXTRACTABLE,
  CKA_ID,
  CKA_KEY_TYPE,
  CKA_LABEL,
  CKA_PRIVATE,
  CKA_SENSITIVE,
  CKA_TOKEN,
  CKA_UNWRAP,
  CKA_VALUE_LEN,
  CKA_WRAP,
  CKF_OS_LOCKING_OK,
  CKF_RW_SESSION,
  CKF_SERIAL_SESSION,
  CKK_AES,
  CKO_SECRET_KEY,
  type Cryptoki,
  type Handle,
} from './cryptoki.ts'
import { type FoundToken, findToken } from './findToken.ts'
import type { HsmKek, HsmOpened, OpenRequest } from './hsmMessages.ts'
import { DoesNotOpen, HsmRefusal } from './hsmRefusal.ts'
import { logIn } from './login.ts'
import { chooseWrapping, type MechanismName, mechanismsOf } from './mechanisms.ts'
import { cannotLock, isSoAlready, mayMeanDamage, wordsOf } from './returnValues.ts'
import { SessionPool } from './sessionPool.ts'
import { findKek, keysLabelled, type TokenKek } from './tokenKek.ts'
import { bindingOf, unwrapKey, type Wrapper, wrapKey } from './wrappedForm.ts'

const CKM_AES_KEY_GEN = 0x1080
const CONTROL_CONTEXT = Buffer.from('gatehouse/pkcs11/control')

interface Kek extends TokenKek {
  readonly choice: Wrapper['choice']
  /** Opens whenever the token is well: tells a damaged key from a damaged token. */
  readonly control: Buffer
}

/** `canShare`: several calls may be made at once. @throws HsmRefusal when there is no such library */
export function loadLibrary(
  addon: Addon,
  path: string,
): { readonly cryptoki: Cryptoki; readonly canShare: boolean } {
  const cryptoki = new addon.PKCS11()
  try {
    cryptoki.load(path)
  } catch (cause) {
    throw new HsmRefusal(`The PKCS#11 library ${path} cannot be loaded: ${wordsOf(cause)}`, {
      cause,
    })
  }
  return { cryptoki, canShare: initialize(cryptoki) }
}

function initialize(cryptoki: Cryptoki): boolean {
  try {
    cryptoki.C_Initialize({ flags: CKF_OS_LOCKING_OK })
    return true
  } catch (error) {
    if (isSoAlready(error)) return true
    if (!cannotLock(error)) throw error
    cryptoki.C_Initialize()
    return false
  }
}

/** One token, logged in, with its KEKs. */
export class HsmToken {
  readonly #cryptoki: Cryptoki
  readonly #gcmParameters: number
  readonly #token: FoundToken
  readonly #sessions: SessionPool
  readonly #mechanisms: ReadonlySet<MechanismName>
  readonly #keks = new Map<string, Kek>()

  private constructor(addon: Addon, cryptoki: Cryptoki, token: FoundToken, sessions: SessionPool) {
    this.#cryptoki = cryptoki
    this.#gcmParameters = addon.CK_PARAMS_AES_GCM_v240
    this.#token = token
    this.#sessions = sessions
    this.#mechanisms = mechanismsOf(cryptoki, token.slot)
  }

  static async open(
    addon: Addon,
    request: OpenRequest,
    pin: Buffer,
  ): Promise<{ readonly token: HsmToken; readonly opened: HsmOpened }> {
    const { cryptoki, canShare } = loadLibrary(addon, request.libraryPath)
    const found = findToken(cryptoki, request.token)
    const flags = CKF_SERIAL_SESSION | (request.isReadWrite ? CKF_RW_SESSION : 0)
    // Stays open: with the last session of a process its login ends.
    const first = cryptoki.C_OpenSession(found.slot, flags)
    logIn(cryptoki, first, found, pin, request.isPinProven)
    const maxSessions = canShare ? request.maxSessions : 1
    const sessions = new SessionPool({ cryptoki, slot: found.slot, flags, maxSessions })
    const token = new HsmToken(addon, cryptoki, found, sessions)
    const keks: Kek[] = []
    for (const label of request.labels) keks.push(await token.#take(label, request.mechanism))
    const mechanism = keks[0]?.choice.name ?? 'none'
    const opened = { token: found.facts, mechanism, keks: keks.map(({ facts }) => facts) }
    return { token, opened }
  }

  async wrap(kekId: string, key: Buffer, context: Buffer): Promise<Buffer> {
    const kek = this.#kek(kekId)
    return this.#sessions.use((session) =>
      wrapKey(this.#wrapper(session, kek), key, bindingOf(kekId, context)),
    )
  }

  /** @throws DoesNotOpen when the token is well and this is not what it wrapped */
  async unwrap(kekId: string, blob: Buffer, context: Buffer): Promise<Buffer> {
    const kek = this.#kek(kekId)
    try {
      return await this.#open(kek, blob, context)
    } catch (cause) {
      if (!mayMeanDamage(cause)) throw cause
      return await this.#openForCertain(kek, blob, context)
    }
  }

  /**
   * Tokens have no common word for a wrong tag; SoftHSM's is CKR_GENERAL_ERROR, for all that fails. An
   * alarm wants certainty: something that opens, does, and this does not, a second time.
   */
  async #openForCertain(kek: Kek, blob: Buffer, context: Buffer): Promise<Buffer> {
    const control = await this.#open(kek, kek.control, CONTROL_CONTEXT)
    control.fill(0)
    try {
      return await this.#open(kek, blob, context)
    } catch (cause) {
      if (!mayMeanDamage(cause)) throw cause
      throw new DoesNotOpen(`It does not open under this KEK (${wordsOf(cause)}).`, { cause })
    }
  }

  /** Uses no key. */
  health(): void {
    const { info } = findToken(this.#cryptoki, {
      serial: this.#token.facts.serial,
      labels: [],
      slotId: undefined,
    })
    if (info.serialNumber !== this.#token.info.serialNumber) throw new Error('Another token.')
  }

  /** A KEK that never leaves the token. */
  async generate(label: string): Promise<HsmKek> {
    return this.#sessions.use(async (session) => {
      if (keysLabelled(this.#cryptoki, session, label).length > 0) {
        throw new HsmRefusal(`The token has an AES key with the label ${label}: choose another.`)
      }
      const mechanism = { mechanism: CKM_AES_KEY_GEN, parameter: null }
      this.#cryptoki.C_GenerateKey(session, mechanism, [
        { type: CKA_CLASS, value: CKO_SECRET_KEY },
        { type: CKA_KEY_TYPE, value: CKK_AES },
        { type: CKA_VALUE_LEN, value: 32 },
        { type: CKA_LABEL, value: label },
        { type: CKA_ID, value: randomBytes(8) },
        { type: CKA_TOKEN, value: true },
        { type: CKA_PRIVATE, value: true },
        { type: CKA_SENSITIVE, value: true },
        { type: CKA_EXTRACTABLE, value: false },
        ...[CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP, CKA_UNWRAP].map((type) => ({ type, value: true })),
      ])
      return (await findKek(this.#cryptoki, session, label, this.#mechanisms)).facts
    })
  }

  async #take(label: string, mechanism: string): Promise<Kek> {
    const kek = await this.#sessions.use(async (session) => {
      const found = await findKek(this.#cryptoki, session, label, this.#mechanisms)
      const choice = chooseWrapping(mechanism, this.#mechanisms, found.uses)
      const key = randomBytes(32)
      const binding = bindingOf(found.facts.id, CONTROL_CONTEXT)
      const control = await wrapKey(this.#wrapper(session, { ...found, choice }), key, binding)
      return { ...found, choice, control }
    })
    const opened = await this.#open(kek, kek.control, CONTROL_CONTEXT)
    opened.fill(0)
    const twin = this.#keks.get(kek.facts.id)
    if (twin !== undefined) {
      throw new HsmRefusal(`The labels ${twin.facts.label} and ${label} name the same key.`)
    }
    this.#keks.set(kek.facts.id, kek)
    return kek
  }

  #open(kek: Kek, blob: Buffer, context: Buffer): Promise<Buffer> {
    return this.#sessions.use((session) =>
      unwrapKey(this.#wrapper(session, kek), blob, bindingOf(kek.facts.id, context)),
    )
  }

  #wrapper(session: Handle, { handle, choice }: Pick<Kek, 'handle' | 'choice'>): Wrapper {
    return {
      cryptoki: this.#cryptoki,
      session,
      kek: handle,
      gcmParameters: this.#gcmParameters,
      choice,
    }
  }

  #kek(id: string): Kek {
    const kek = this.#keks.get(id)
    if (kek === undefined) throw new Error(`KEK ${id} was not opened.`)
    return kek
  }
}
