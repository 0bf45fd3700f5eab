import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { SignJWT } from 'jose'
import { Fault } from '../../../src/lib/fault.ts'
import type { Log, LogFields } from '../../../src/lib/log.ts'
import { openLog } from '../../../src/ops/log.ts'
import { OSLO_FORMS } from '../../../src/ops/osloText.ts'

/*
 * Canaries are pushed into every way a log line can come about, the careless ones first. None may be
 * found in what was written, in no encoding.
 */

interface CleansUp {
  after(work: () => void): unknown
}

/** What the log holds after this, in both formats. */
async function written(t: CleansUp, write: (log: Log) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-log-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'x.log')
  const log = openLog({
    debug: true,
    path,
    useStderr: false,
    format: 'json',
    osloForms: OSLO_FORMS,
  })
  write(log)
  await log.close()
  return readFileSync(path, 'utf8')
}

/** Hands over what the types forbid, as a mistake with a cast in it would. */
function careless(value: unknown): LogFields {
  return { value } as LogFields
}

function thrownBy(work: () => unknown): Error {
  try {
    work()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}

function encodings(canary: Uint8Array): readonly string[] {
  const bytes = Buffer.from(canary)
  return [
    bytes.toString('hex'),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('latin1'),
    [...bytes].join(','),
    inspect(bytes).slice(8, 40),
    JSON.stringify([...bytes]).slice(1, 40),
  ]
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const

describe('no log line holds', () => {
  const key = randomBytes(32)
  const holders: Readonly<Record<string, unknown>> = {
    'a Buffer': key,
    'a Uint8Array': new Uint8Array(key),
    'an ArrayBuffer': new Uint8Array(key).buffer,
    'a DataView': new DataView(new Uint8Array(key).buffer),
    'an array of bytes': [...key],
    'a KeyObject': createSecretKey(key),
    'an object around them': { nested: { deep: [key, { key }] } },
    'a Map': new Map([['key', key]]),
    'a Set': new Set([key]),
    'an object with toJSON': { toJSON: () => key.toString('hex') },
    'an object with toString': { toString: () => key.toString('hex') },
    'an object with a custom inspection': { [inspect.custom]: () => key.toString('hex') },
    'a function': () => key,
    'a boxed string': Object(key.toString('hex')),
    'a symbol': Symbol(key.toString('hex')),
    'an error with the key as a property': Object.assign(new Error('x'), {
      key,
      token: key.toString('hex'),
    }),
    'an error with the key as its cause': new Error('x', { cause: key }),
    'an error with an object around the key as its cause': new Error('x', { cause: { key } }),
    'several errors with the key among them': new AggregateError([key], 'x'),
    'an error thrown deep down': new Error('a', {
      cause: new Error('b', { cause: Object.assign(new Error('c'), { body: key }) }),
    }),
  }
  for (const [what, value] of Object.entries(holders)) {
    it(`the bytes inside ${what}`, async (t) => {
      const log = await written(t, (to) => {
        for (const level of LEVELS) to[level](careless(value), 'a line')
        to.error({ error: value } as LogFields, 'a line')
      })
      assert.equal(log.trim().split('\n').length, LEVELS.length + 1)
      for (const shape of encodings(key)) assert.ok(!log.includes(shape), `found ${what}`)
    })
  }

  const CANARY = 'canary-4711-in-the-mine'
  const quoting: Readonly<Record<string, () => Error>> = {
    'JSON that does not parse': () => thrownBy(() => JSON.parse(`{"payload":${CANARY}}`)),
    'a percent-encoding that does not decode': () =>
      thrownBy(() => decodeURIComponent(`%zz${CANARY}`)),
    'an argument of the wrong type': () => thrownBy(() => Buffer.from('x').equals(CANARY as never)),
    'an argument of the wrong value': () =>
      thrownBy(() => Buffer.alloc(1).fill(CANARY, CANARY as never)),
    'a URL that is none': () => thrownBy(() => new URL(CANARY)),
    'a header that is none': () => thrownBy(() => new Headers({ 'x-auth-token': `${CANARY}\0` })),
    'a statement of knex': () =>
      Object.assign(new Error(`insert into x (payload) values ('${CANARY}') - UNIQUE failed`), {
        code: 'SQLITE_CONSTRAINT',
      }),
    'a statement of mysql2': () =>
      Object.assign(new Error(`Duplicate entry '${CANARY}' for key 'x'`), {
        sql: `insert '${CANARY}'`,
      }),
  }
  for (const [what, make] of Object.entries(quoting)) {
    it(`what an error quotes of ${what}`, async (t) => {
      const log = await written(t, (to) => {
        to.error({ error: make() }, 'a line')
        to.error({ error: new Fault('unavailable', 'away', { cause: make() }) }, 'a line')
      })
      assert.equal(log.trim().split('\n').length, 2)
      assert.ok(!log.includes('canary-4711'), log)
    })
  }

  it('a text under a name that says it is secret', async (t) => {
    const names = [
      'token',
      'password',
      'payload',
      'passphrase',
      'X-Auth-Token',
      'x-subject-token',
      'authorization',
      'secret',
      'key',
      'kek',
      'Cookie',
      'serviceToken',
      'auth_token',
    ]
    const log = await written(t, (to) => {
      for (const name of names) to.info({ [name]: CANARY }, 'a line')
    })
    assert.ok(!log.includes(CANARY), log)
  })

  it('a token, whatever the name it comes under', async (t) => {
    const jwt = await new SignJWT({ project_id: 'p' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(createSecretKey(key))
    const fernet = `gAAAAA${randomBytes(100).toString('base64url')}`
    const log = await written(t, (to) => {
      to.info({ reason: `refused ${jwt} and ${fernet}` }, 'a line')
      to.error({ error: new Error(`GET /v3/auth/tokens with ${jwt}: ${fernet}`) }, 'a line')
    })
    for (const token of [jwt, fernet]) {
      for (const part of [...token.split('.'), token.slice(-24)]) {
        assert.ok(!log.includes(part), `found ${part}`)
      }
    }
  })

  it('the password of a URL, or a PEM key', async (t) => {
    const pem = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI\n-----END PRIVATE KEY-----'
    const log = await written(t, (to) => {
      to.error({ error: new Error('connect mysql://barbican:hun@ter2@db:3306/x failed') }, 'a line')
      to.info({ reason: `no key: ${pem}`, cut: pem.slice(0, 45) }, 'a line')
    })
    for (const secret of ['hun@', 'ter2', 'MC4CAQ']) assert.ok(!log.includes(secret), log)
    assert.match(log, /mysql:\/\/barbican:\*\*\*@db/)
  })
})

describe('a log line', () => {
  it('says of an error its kind, message, frames and causes', async (t) => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5000'), {
      code: 'ECONNREFUSED',
    })
    const log = await written(t, (to) => {
      to.warn(
        { requestId: 'req-1', error: new Fault('unavailable', 'Keystone is away.', { cause }) },
        'm',
      )
    })
    const { error, ...line } = JSON.parse(log)
    assert.equal(line.level, 'warn')
    assert.equal(line.requestId, 'req-1')
    assert.equal(line.message, 'm')
    assert.equal(error.kind, 'Fault unavailable')
    assert.equal(error.message, 'Keystone is away.')
    assert.match(error.stack, /canaries\.test\.ts/)
    assert.equal(error.cause.code, 'ECONNREFUSED')
    assert.equal(error.cause.message, 'connect ECONNREFUSED 127.0.0.1:5000')
  })

  it('keeps what is harmless in the message of a bug', async (t) => {
    const nothing: { readonly x?: { readonly y: number } } = {}
    const bug = thrownBy(() => (nothing.x as { readonly y: number }).y)
    const log = await written(t, (to) => to.error({ error: bug }, 'm'))
    assert.equal(JSON.parse(log).error.message, "Cannot read properties of undefined (reading 'y')")
  })

  it('is one line of JSON whatever the fields hold, and no field poses as another', async (t) => {
    const log = await written(t, (to) => {
      to.info(
        { name: 'a"b\n{"level":"fatal"}', level: 'fatal', time: 'never', message: 'forged' },
        'true',
      )
    })
    const lines = log.trim().split('\n')
    assert.equal(lines.length, 1)
    const line = JSON.parse(lines[0] ?? '')
    assert.equal(line.level, 'info')
    assert.equal(line.message, 'true')
    assert.equal(line.name, 'a"b\n{"level":"fatal"}')
  })

  it('ends somewhere, however much it is given', async (t) => {
    const endless = new Error('x'.repeat(1_000_000))
    endless.cause = endless
    const log = await written(t, (to) =>
      to.error({ error: endless, text: 'y'.repeat(1_000_000) }, 'm'),
    )
    assert.ok(log.length < 60_000, `${log.length} characters`)
  })

  it('of level debug is written only when asked for', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-log-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'x.log')
    const log = openLog({
      debug: false,
      path,
      useStderr: false,
      format: 'json',
      osloForms: OSLO_FORMS,
    })
    log.debug({}, 'quiet')
    log.info({}, 'loud')
    await log.close()
    assert.ok(!readFileSync(path, 'utf8').includes('quiet'))
  })
})
