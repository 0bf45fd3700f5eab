import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { SealStatus, ShareAnswer, Unsealing } from '../../../src/domain/ports/unsealing.ts'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'
import { UnsealListener } from '../../../src/ops/unsealListener.ts'

const STATUS: SealStatus = {
  store: 'keyring',
  isSealed: true,
  set: '0123456789abcdef',
  threshold: 3,
  have: 1,
}

class Heard implements Unsealing {
  readonly calls: string[] = []
  answer: ShareAnswer = { isTaken: true, status: STATUS }

  async status() {
    return [STATUS]
  }

  async bring(share: Buffer): Promise<ShareAnswer> {
    this.calls.push(`share ${share.toString()}`)
    if (share.toString() === 'bug') throw new Error('nobody foresaw this')
    return this.answer
  }

  reset(): void {
    this.calls.push('reset')
  }

  async seal(): Promise<void> {
    this.calls.push('seal')
  }
}

async function opened(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-unseal-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'unseal.sock')
  const unsealing = new Heard()
  const failures: unknown[] = []
  const onFailure = (error: unknown) => void failures.push(error)
  const listener = new UnsealListener({ path, unsealing, onFailure })
  await listener.open()
  t.after(() => listener.close())
  const ask = (method: string, target: string, body = '') =>
    new Promise<{ status: number | undefined; json: unknown; retryAfter: string | undefined }>(
      (resolve, reject) => {
        const sent = request({ socketPath: path, method, path: target }, (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          response.on('end', () =>
            resolve({
              status: response.statusCode,
              json: JSON.parse(text),
              retryAfter: response.headers['retry-after'],
            }),
          )
        })
        sent.on('error', reject)
        sent.end(body)
      },
    )
  return { path, unsealing, ask, failures, listener }
}

describe('the socket where shares are brought', () => {
  it('says how it is, takes a share, forgets and seals, and does nothing else', async (t) => {
    const { ask, unsealing } = await opened(t)
    for (const [method, target, body, call] of [
      ['GET', '/status', '', undefined],
      ['POST', '/share', 'a share', 'share a share'],
      ['POST', '/reset', '', 'reset'],
      ['POST', '/seal', '', 'seal'],
    ] as const) {
      const { status, json } = await ask(method, target, body)
      assert.equal(status, 200)
      assert.deepEqual(json, { stores: [STATUS] })
      assert.equal(unsealing.calls.pop(), call)
    }
    for (const [method, target] of [
      ['GET', '/share'],
      ['GET', '/'],
      ['PUT', '/share'],
      ['POST', '/status'],
    ] as const) {
      assert.equal((await ask(method, target)).status, 404)
    }
    assert.deepEqual(unsealing.calls, [])
  })

  it('answers 400 for a share that is refused, and 429 with the time for one too many', async (t) => {
    const { ask, unsealing } = await opened(t)
    unsealing.answer = { isTaken: false, sentence: 'No.' }
    const refused = await ask('POST', '/share', 'x')
    assert.deepEqual([refused.status, refused.json], [400, { sentence: 'No.' }])
    unsealing.answer = { isTaken: false, sentence: 'Wait.', retryAfterSeconds: 17 }
    const late = await ask('POST', '/share', 'x')
    assert.deepEqual([late.status, late.retryAfter], [429, '17'])
  })

  it('takes no more than a share can be', async (t) => {
    const { ask, unsealing } = await opened(t)
    const { status } = await ask('POST', '/share', 'x'.repeat(2_000))
    assert.equal(status, 413)
    assert.deepEqual(unsealing.calls, [])
  })

  it('tells nobody what went wrong that nobody foresaw, but the log', async (t) => {
    const { ask, failures } = await opened(t)
    const { status, json } = await ask('POST', '/share', 'bug')
    assert.equal(status, 500)
    assert.doesNotMatch(JSON.stringify(json), /foresaw/)
    assert.equal(failures.length, 1)
  })

  it('survives what is no HTTP', async (t) => {
    const { path, ask } = await opened(t)
    const socket = connect(path)
    socket.on('error', () => undefined)
    socket.write('\0\xff\r\n\r\n')
    await new Promise((resolve) => socket.once('close', resolve).resume())
    assert.equal((await ask('GET', '/status')).status, 200)
  })

  it('forgets the shares when it closes, and leaves no file', async (t) => {
    const { listener, unsealing } = await opened(t)
    await listener.close()
    assert.deepEqual(unsealing.calls, ['reset'])
  })

  it('is refused where something else lies, or the path is too long, with the option to change', async (t) => {
    const { path } = await opened(t)
    const parts = { unsealing: new Heard(), onFailure: () => undefined }
    const file = `${path}-file`
    writeFileSync(file, '')
    for (const [at, said] of [
      [file, /no socket: .*unseal_socket/],
      [`${path}${'x'.repeat(100)}`, /too long for a socket \(107 bytes\): .*unseal_socket/],
    ] as const) {
      await assert.rejects(
        new UnsealListener({ ...parts, path: at }).open(),
        (error) => error instanceof StartupRefusal && said.test(error.message),
      )
    }
    await assert.rejects(new UnsealListener({ ...parts, path }).open(), { code: 'EADDRINUSE' })
  })
})
