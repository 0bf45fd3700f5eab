import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ChildKeyPairMaker } from '../../../src/crypto/childKeyPairMaker.ts'
import type { KeyPairRecipe } from '../../../src/model/keyPair.ts'

const EC: KeyPairRecipe = {
  spec: { algorithm: 'ec', curve: 'P-256' },
  form: 'pem',
  containerType: 'generic',
}
/** Takes seconds at the least: nobody sees its end here. */
const SLOW: KeyPairRecipe = {
  spec: { algorithm: 'dsa', bits: 8192, divisorBits: 256 },
  form: 'der',
  containerType: 'generic',
}
const FOREVER = new AbortController().signal
const SCRIPT = 'keyPairChild'

function maker(t: { after(work: () => void): void }, options = {}): ChildKeyPairMaker {
  const made = new ChildKeyPairMaker(options)
  t.after(() => made.stop())
  return made
}

/** Pids of key-pair processes whose parent this is. */
function children(parent: number = process.pid): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return Number(ppid) === parent && state !== 'Z' && command.includes(SCRIPT)
      } catch {
        return false
      }
    })
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = performance.now() + 60_000
  while (!isSo()) {
    assert.ok(performance.now() < end, `${what} did not come true`)
    await delay(10)
  }
}

describe('the maker of key pairs', { concurrency: false }, () => {
  test('works in a process of its own, niced, with nothing of our environment but where OpenSSL finds its provider', async (t) => {
    const key = `GATEHOUSE_CANARY_${process.pid}`
    process.env[key] = 'canary'
    t.after(() => delete process.env[key])
    const openSsl = { flags: ['--openssl-shared-config'], env: { OPENSSL_MODULES: '/nowhere' } }
    const pairs = maker(t, { openSsl })
    assert.deepEqual(children(), [], 'it is not started before it is needed')
    await pairs.make(EC, undefined, FOREVER)
    const [pid, ...more] = children()
    assert.deepEqual(more, [])
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const nice = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]
    assert.equal(nice, '10')
    assert.equal(readFileSync(`/proc/${pid}/environ`, 'utf8'), 'OPENSSL_MODULES=/nowhere\0')
    assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /\0--openssl-shared-config\0/)
  })

  test('makes one pair at a time, in the order they were asked for', async (t) => {
    const pairs = maker(t)
    const ended: number[] = []
    await Promise.all(
      [0, 1, 2, 3, 4].map(async (number) => {
        const { privateKey } = await pairs.make(EC, undefined, FOREVER)
        createPrivateKey(privateKey)
        ended.push(number)
      }),
    )
    assert.deepEqual(ended, [0, 1, 2, 3, 4])
    assert.equal(children().length, 1)
  })

  test('is given a passphrase and leaves it to its caller', async (t) => {
    const passphrase = Buffer.from('mine')
    const { privateKey } = await maker(t).make(EC, passphrase, FOREVER)
    assert.equal(String(passphrase), 'mine')
    createPrivateKey({ key: privateKey, passphrase })
  })

  test('ends its process when it is idle, and starts another when it is asked again', async (t) => {
    const pairs = maker(t, { idleMs: 1 })
    await pairs.make(EC, undefined, FOREVER)
    await until('the end', () => children().length === 0)
    await pairs.make(EC, undefined, FOREVER)
  })

  test('what takes too long is killed, and the next pair is made', async (t) => {
    const pairs = maker(t, { timeoutMs: 300 })
    await assert.rejects(pairs.make(SLOW, undefined, FOREVER), { name: 'TimeoutError' })
    await until('the end', () => children().length === 0)
    await maker(t).make(EC, undefined, FOREVER)
  })

  test('what is aborted is killed at once', async (t) => {
    const pairs = maker(t)
    const abort = new AbortController()
    const made = pairs.make(SLOW, undefined, abort.signal)
    await until('the start', () => children().length === 1)
    abort.abort()
    await assert.rejects(made, { name: 'AbortError' })
    await until('the end', () => children().length === 0)
    await assert.rejects(pairs.make(EC, undefined, abort.signal), { name: 'AbortError' })
    assert.deepEqual(children(), [])
  })

  test('a process that dies is told, and the next one serves', async (t) => {
    const pairs = maker(t)
    const made = pairs.make(SLOW, undefined, FOREVER)
    await until('the start', () => children().length === 1)
    const refused = assert.rejects(made, /ended \(SIGKILL\)/)
    process.kill(children()[0] ?? assert.fail(), 'SIGKILL')
    await refused
    await pairs.make(EC, undefined, FOREVER)
  })

  test('a process that died while it was idle is not missed', async (t) => {
    const pairs = maker(t)
    await pairs.make(EC, undefined, FOREVER)
    process.kill(children()[0] ?? assert.fail(), 'SIGKILL')
    await until('the end', () => children().length === 0)
    await pairs.make(EC, undefined, FOREVER)
  })

  test('what OpenSSL refuses is told', async (t) => {
    const impossible = { ...EC, spec: { algorithm: 'rsa', bits: 3 } } as const
    await assert.rejects(maker(t).make(impossible, undefined, FOREVER), /failed: /)
  })

  test('Ctrl-C and SIGTERM do not end it: that is for its parent to do', async (t) => {
    const pairs = maker(t)
    await pairs.make(EC, undefined, FOREVER)
    const [pid = 0] = children()
    process.kill(pid, 'SIGINT')
    process.kill(pid, 'SIGTERM')
    await pairs.make(EC, undefined, FOREVER)
    assert.deepEqual(children(), [pid])
  })

  test('dies with its parent, also in the middle of a key', async () => {
    const source = join(import.meta.dirname, '../../../src/crypto/childKeyPairMaker.ts')
    const script =
      `import { ChildKeyPairMaker } from ${JSON.stringify(source)}\n` +
      `await new ChildKeyPairMaker().make(${JSON.stringify(SLOW)}, undefined, new AbortController().signal)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: 'ignore',
    })
    await until('the start', () => children(parent.pid).length === 1)
    const [pid] = children(parent.pid)
    // It must have begun: its input is read once it looks for primes.
    await delay(200)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    await until('the end', () => !existsSync(`/proc/${pid}`))
  })
})
