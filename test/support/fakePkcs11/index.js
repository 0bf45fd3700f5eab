import { Buffer } from 'node:buffer'
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  randomBytes,
} from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'

/*
 * What pkcs11js looks like to the process that talks to an HSM, over tokens in a JSON file, which is what
 * is loaded as "library". The file also says what goes wrong (test/support/fakeHsm.ts). Plain JavaScript:
 * it stands where a compiled addon stands.
 */

const CODES = {
  CKR_GENERAL_ERROR: 0x05,
  CKR_DEVICE_REMOVED: 0x32,
  CKR_ENCRYPTED_DATA_INVALID: 0x40,
  CKR_CANT_LOCK: 0x0a,
  CKR_KEY_FUNCTION_NOT_PERMITTED: 0x68,
  CKR_MECHANISM_INVALID: 0x70,
  CKR_PIN_INCORRECT: 0xa0,
  CKR_SESSION_COUNT: 0xb1,
  CKR_SESSION_HANDLE_INVALID: 0xb3,
  CKR_TOKEN_NOT_PRESENT: 0xe0,
  CKR_USER_NOT_LOGGED_IN: 0x101,
}
const GCM = 0x1087
const ECB = 0x1081
const KEY_WRAP_PAD = 0x210a
const RFC_5649 = Buffer.from('a65959a6', 'hex')
const COUNT_LOW = 0x10000
const FINAL_TRY = 0x20000

function ckr(name) {
  return Object.assign(new Error(name), { code: CODES[name] })
}

function handleOf(number) {
  const handle = Buffer.alloc(8)
  handle.writeBigUInt64LE(BigInt(number))
  return handle
}

class PKCS11 {
  #path = ''
  #sessions = new Set()
  #objects = new Map()
  #active = new Map()
  #next = 1
  #isLoggedIn = false

  load(path) {
    this.#path = path
    this.#state()
  }

  C_Initialize(options) {
    if (options !== undefined && this.#state().cannotLock) throw ckr('CKR_CANT_LOCK')
  }

  C_GetInfo() {
    return {
      manufacturerID: 'Fake',
      libraryDescription: 'Fake PKCS#11',
      libraryVersion: { major: 1, minor: 0 },
    }
  }

  C_GetSlotList() {
    return this.#state().tokens.map((_, index) => handleOf(index + 100))
  }

  C_GetTokenInfo(slot) {
    const { label, serial, wrongPins } = this.#token(slot)
    const flags = 0x404 | (wrongPins > 0 ? COUNT_LOW : 0) | (wrongPins > 1 ? FINAL_TRY : 0)
    return {
      label: label.padEnd(32),
      manufacturerID: 'Fake'.padEnd(32),
      model: 'Fake'.padEnd(16),
      serialNumber: serial.padEnd(16),
      flags,
      maxSessionCount: 0,
      firmwareVersion: { major: 1, minor: 0 },
    }
  }

  C_GetMechanismList() {
    return this.#state().mechanisms
  }

  C_GetMechanismInfo() {
    return { flags: 0x100 | 0x200 | 0x20000 | 0x40000 }
  }

  C_OpenSession(slot) {
    const { maxSessions } = this.#state()
    if (this.#sessions.size >= maxSessions) throw ckr('CKR_SESSION_COUNT')
    this.#token(slot)
    const session = handleOf(this.#next++)
    this.#sessions.add(session.toString('hex'))
    return session
  }

  C_CloseSession(session) {
    this.#sessions.delete(session.toString('hex'))
  }

  C_Login(_session, _user, pin) {
    this.#change((state) => {
      const [token] = state.tokens
      state.logins += 1
      token.wrongPins = pin === token.pin ? 0 : token.wrongPins + 1
    })
    if (pin !== this.#state().tokens[0].pin) throw ckr('CKR_PIN_INCORRECT')
    this.#isLoggedIn = true
  }

  C_FindObjectsInit(session, template) {
    const label = template.find(({ type }) => type === 3)?.value
    const keys = this.#state().tokens[0].keys.filter((key) => key.label === label)
    const found = keys.map((key) => this.#object({ ...key, value: Buffer.from(key.value, 'hex') }))
    this.#active.set(session.toString('hex'), found)
  }

  C_FindObjects(session, most) {
    return this.#active.get(session.toString('hex')).splice(0, most)
  }

  C_FindObjectsFinal() {}

  C_GetAttributeValue(_session, object, [{ type }]) {
    const { value, uses = [], isReadable } = this.#objects.get(object.toString('hex'))
    if (type === 0x11 && isReadable) return [{ type, value: Buffer.from(value) }]
    if (type === 0x161) return [{ type, value: handleOf(value.length) }]
    if (type === 0x103) return [{ type, value: Buffer.of(1) }]
    if (type === 0x162) return [{ type, value: Buffer.of(0) }]
    if (type >= 0x104 && type <= 0x107) {
      const isSo = uses.includes(type <= 0x105 ? 'encrypt' : 'wrap')
      return [{ type, value: Buffer.of(isSo ? 1 : 0) }]
    }
    throw ckr('CKR_GENERAL_ERROR')
  }

  C_GenerateKey(_session, _mechanism, template) {
    const label = template.find(({ type }) => type === 3).value
    const value = randomBytes(32)
    const key = { label, value: value.toString('hex'), uses: ['encrypt', 'wrap'] }
    this.#change((state) => state.tokens[0].keys.push(key))
    return this.#object({ ...key, value })
  }

  C_CreateObject(_session, template) {
    const value = template.find(({ type }) => type === 0x11).value
    return this.#object({ value: Buffer.from(value), isReadable: true })
  }

  C_DestroyObject(_session, object) {
    this.#objects.delete(object.toString('hex'))
  }

  C_EncryptInit(session, mechanism, key) {
    this.#begin(session, mechanism, key)
  }

  async C_EncryptAsync(session, data) {
    const { mechanism, key } = this.#active.get(session.toString('hex'))
    await this.#trouble('wrap')
    if (mechanism.mechanism === ECB) {
      const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
      return Buffer.concat([cipher.update(data), cipher.final()])
    }
    const { iv, aad } = mechanism.parameter
    const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad)
    const sealed = [cipher.update(data), cipher.final(), cipher.getAuthTag()]
    // As one in FIPS mode, which uses a nonce of its own and puts it behind.
    return Buffer.concat([...sealed, Buffer.alloc(this.#state().appendsNonce ? 16 : 0)])
  }

  C_DecryptInit(session, mechanism, key) {
    this.#begin(session, mechanism, key)
  }

  async C_DecryptAsync(session, data) {
    const { mechanism, key } = this.#active.get(session.toString('hex'))
    await this.#trouble('unwrap')
    const { iv, aad } = mechanism.parameter
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 }).setAAD(aad)
    decipher.setAuthTag(data.subarray(data.length - 16))
    try {
      return Buffer.concat([decipher.update(data.subarray(0, data.length - 16)), decipher.final()])
    } catch {
      throw ckr('CKR_ENCRYPTED_DATA_INVALID')
    }
  }

  async C_WrapKeyAsync(_session, { mechanism }, wrapping, object) {
    await this.#trouble('wrap')
    const key = this.#key(wrapping, mechanism)
    const { value } = this.#objects.get(object.toString('hex'))
    const cipher = createCipheriv('id-aes256-wrap-pad', key, RFC_5649)
    return Buffer.concat([cipher.update(value), cipher.final()])
  }

  async C_UnwrapKeyAsync(_session, { mechanism }, wrapping, wrapped) {
    await this.#trouble('unwrap')
    const decipher = createDecipheriv(
      'id-aes256-wrap-pad',
      this.#key(wrapping, mechanism),
      RFC_5649,
    )
    try {
      const value = Buffer.concat([decipher.update(wrapped), decipher.final()])
      return this.#object({ value, isReadable: true })
    } catch {
      throw ckr('CKR_GENERAL_ERROR')
    }
  }

  #begin(session, mechanism, key) {
    if (!this.#sessions.has(session.toString('hex'))) throw ckr('CKR_SESSION_HANDLE_INVALID')
    this.#active.set(session.toString('hex'), {
      mechanism,
      key: this.#key(key, mechanism.mechanism),
    })
  }

  #key(handle, mechanism) {
    if (!this.#isLoggedIn) throw ckr('CKR_USER_NOT_LOGGED_IN')
    if (!this.#state().mechanisms.includes(mechanism)) throw ckr('CKR_MECHANISM_INVALID')
    const { value, uses } = this.#objects.get(handle.toString('hex'))
    const use = mechanism === KEY_WRAP_PAD ? 'wrap' : 'encrypt'
    if (!uses.includes(use)) throw ckr('CKR_KEY_FUNCTION_NOT_PERMITTED')
    return createSecretKey(value)
  }

  #object(object) {
    const handle = handleOf(this.#next++)
    this.#objects.set(handle.toString('hex'), object)
    return handle
  }

  #token(slot) {
    const token = this.#state().tokens[Number(slot.readBigUInt64LE()) - 100]
    if (token === undefined) throw ckr('CKR_TOKEN_NOT_PRESENT')
    return token
  }

  /** What the file says of this moment. */
  async #trouble(during) {
    const { trouble } = this.#state()
    if (trouble !== undefined && (trouble.during === undefined || trouble.during === during)) {
      if (trouble.once) this.#change((state) => delete state.trouble)
      if (trouble.what === 'crash') process.kill(process.pid, 'SIGSEGV')
      // As a library that waits for a cable: nothing else of this process goes on.
      if (trouble.what === 'hang' || trouble.what === 'crash') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      }
      throw ckr(trouble.what)
    }
    if (this.#state().hold !== during) return
    this.#change((state) => {
      delete state.hold
      state.isHolding = true
    })
    while (this.#state().isHolding) await new Promise((resolve) => setTimeout(resolve, 10))
  }

  #state() {
    return JSON.parse(readFileSync(this.#path, 'utf8'))
  }

  #change(change) {
    const state = this.#state()
    change(state)
    const copy = `${this.#path}.${createHash('sha256').update(randomBytes(8)).digest('hex')}`
    writeFileSync(copy, JSON.stringify(state))
    renameSync(copy, this.#path)
  }
}

export default { PKCS11, CK_PARAMS_AES_GCM_v240: 7, GCM }
