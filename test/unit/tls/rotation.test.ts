import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type CertificateEvent, CertificateFollower } from '../../../src/tls/certificateFollower.ts'
import type { Issued } from '../../../src/tls/privateCa.ts'
import { TicketKeys } from '../../../src/tls/ticketKeys.ts'
import { PemFolder, pkiNamed } from '../../support/testPki.ts'
import { askOverTls, NO_CLIENTS, openTlsListener } from '../../support/tlsListener.ts'

interface Test {
  after(work: () => unknown): unknown
}

const DAY_MS = 86_400_000
const NEVER_MS = 3_600_000

interface Paths {
  readonly certFile: string
  readonly keyFile: string
}

async function following(
  t: Test,
  { certFile, keyFile }: Paths,
  options: {
    readonly epochMs?: () => number
    readonly times?: object
    readonly tickets?: string
  } = {},
) {
  const epochMs = options.epochMs ?? Date.now
  const certificates = [
    { certFile, keyFile, name: 'default', serverNames: [], caFile: undefined, clients: NO_CLIENTS },
  ]
  const keys =
    options.tickets === undefined ? undefined : await TicketKeys.open(options.tickets, 3600)
  const opened = await openTlsListener(t, {
    certificates,
    epochMs,
    ...(keys === undefined ? {} : { tickets: keys }),
  })
  const events: CertificateEvent[] = []
  const expiring: number[] = []
  const waiting: (() => void)[] = []
  const follower = new CertificateFollower({
    certificates: opened.certificates,
    tickets:
      keys === undefined || options.tickets === undefined
        ? undefined
        : { keys, file: options.tickets },
    onRefresh: () => opened.terminator.refresh(),
    onEvent: (event) => {
      if (event.kind === 'expiring') {
        expiring.push(event.days)
        return
      }
      events.push(event)
      for (const wake of waiting.splice(0)) wake()
    },
    epochMs,
    times: { quietMs: 20, settleMs: 60, lookEveryMs: NEVER_MS, ...options.times },
  })
  await follower.start()
  t.after(() => follower.stop())
  const told = async (count: number): Promise<void> => {
    const deadline = AbortSignal.timeout(60_000)
    while (events.length < count) {
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve)
        deadline.addEventListener('abort', () => reject(new Error(`only ${events.length} events`)))
      })
    }
  }
  return { ...opened, follower, events, expiring, told }
}

/** An atomic rename, as careful tools do it. */
function replace(path: string, content: string): void {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

function replaceBoth({ certFile, keyFile }: Paths, { certificate, key }: Issued): void {
  replace(keyFile, key)
  replace(certFile, certificate)
}

async function two() {
  const pki = await pkiNamed('first')
  const [one, other] = await Promise.all(
    ['one', 'other'].map((commonName) => pki.issue({ commonName })),
  )
  assert.ok(one !== undefined && other !== undefined)
  return { pki, ca: pki.caPem, one, other }
}

const kinds = (events: readonly CertificateEvent[]) => events.map(({ kind }) => kind)

// They mostly wait.
describe('a certificate that changes on disk', { concurrency: true }, () => {
  test('by renames is served to the next connection, while those that are there go on', async (t) => {
    const { ca, one, other } = await two()
    const files = new PemFolder(t).put('c', one)
    const { port, events, told } = await following(t, files)
    assert.equal((await askOverTls(port, { ca })).peer, 'one')
    replaceBoth(files, other)
    await told(1)
    assert.equal((await askOverTls(port, { ca })).peer, 'other')
    assert.deepEqual(kinds(events), ['replaced'])
  })

  test('by writing in place, key long after certificate, is taken up without an alarm', async (t) => {
    const { ca, one, other } = await two()
    const files = new PemFolder(t).put('c', one)
    const { port, events, told } = await following(t, files, { times: { settleMs: NEVER_MS } })
    writeFileSync(files.certFile, other.certificate)
    await new Promise((resolve) => setTimeout(resolve, 150))
    assert.equal((await askOverTls(port, { ca })).peer, 'one')
    writeFileSync(files.keyFile, other.key)
    await told(1)
    assert.equal((await askOverTls(port, { ca })).peer, 'other')
    assert.deepEqual(kinds(events), ['replaced'])
  })

  test('by turning a link, as Kubernetes does, is served; twice in a row too', async (t) => {
    const { pki, ca, one, other } = await two()
    const { path } = new PemFolder(t)
    const turn = (version: string, { certificate, key }: Issued): void => {
      mkdirSync(join(path, version))
      writeFileSync(join(path, version, 'tls.crt'), certificate)
      writeFileSync(join(path, version, 'tls.key'), key)
      symlinkSync(version, join(path, '..data_tmp'))
      renameSync(join(path, '..data_tmp'), join(path, '..data'))
    }
    turn('..1', one)
    for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(path, name))
    const files = { certFile: join(path, 'tls.crt'), keyFile: join(path, 'tls.key') }
    const { port, told } = await following(t, files)
    turn('..2', other)
    rmSync(join(path, '..1'), { recursive: true })
    await told(1)
    assert.equal((await askOverTls(port, { ca })).peer, 'other')
    turn('..3', await pki.issue({ commonName: 'third' }))
    await told(2)
    assert.equal((await askOverTls(port, { ca })).peer, 'third')
  })

  test('where nothing tells of it is found by looking now and then', async (t) => {
    const { ca, one, other } = await two()
    const files = new PemFolder(t).put('c', one)
    const { port, told } = await following(t, files, {
      times: { quietMs: NEVER_MS, lookEveryMs: 50 },
    })
    replaceBoth(files, other)
    await told(1)
    assert.equal((await askOverTls(port, { ca })).peer, 'other')
  })

  test('is taken up at once by SIGHUP', async (t) => {
    const { ca, one, other } = await two()
    const files = new PemFolder(t).put('c', one)
    const { port, follower } = await following(t, files, { times: { quietMs: NEVER_MS } })
    replaceBoth(files, other)
    await follower.look()
    assert.equal((await askOverTls(port, { ca })).peer, 'other')
  })

  const wrong: readonly (readonly [
    string,
    (files: Paths, pki: Awaited<ReturnType<typeof two>>) => Promise<void> | void,
    RegExp,
  ])[] = [
    [
      'with the key of another',
      ({ certFile }, { other }) => replace(certFile, other.certificate),
      /key is not that/,
    ],
    [
      'cut in half',
      ({ certFile }, { other }) => replace(certFile, other.certificate.slice(0, 200)),
      /holds no certificate/,
    ],
    ['gone', ({ certFile }) => rmSync(certFile), /ENOENT/],
    [
      'that is over',
      async (files, { pki }) => {
        const validity = { from: new Date(Date.now() - 3 * DAY_MS), days: 1 }
        replaceBoth(files, await pki.issue({ validity }))
      },
      /expired/,
    ],
    [
      'that is not valid yet',
      async (files, { pki }) => {
        const validity = { from: new Date(Date.now() + DAY_MS), days: 1 }
        replaceBoth(files, await pki.issue({ validity }))
      },
      /not valid before/,
    ],
    [
      'behind a CA that did not issue it',
      async (files, { other }) => {
        const { caPem } = await pkiNamed('second')
        replaceBoth(files, { ...other, certificate: other.certificate + caPem })
      },
      /out of order/,
    ],
  ]
  for (const [name, breakIt, reason] of wrong) {
    test(`${name}: the one before stays, one alarm is raised, and it heals`, async (t) => {
      const pki = await two()
      const files = new PemFolder(t).put('c', pki.one)
      const { port, events, told, follower } = await following(t, files)
      await breakIt(files, pki)
      await told(1)
      assert.equal((await askOverTls(port, { ca: pki.ca })).peer, 'one')
      const [first] = events
      assert.ok(first?.kind === 'refused')
      assert.match(first.reason, reason)
      await follower.look()
      assert.equal(events.length, 1)
      replaceBoth(files, pki.one)
      await told(2)
      assert.deepEqual(kinds(events), ['refused', 'healed'])
    })
  }
})

test('a secret of tickets that changes ends the sessions of before, and a broken one keeps it', async (t) => {
  const { ca, one } = await two()
  const folder = new PemFolder(t)
  const files = folder.put('c', one)
  const tickets = folder.write('tickets', 'a'.repeat(32))
  const { port, follower, events } = await following(t, files, { tickets })
  const { session } = await askOverTls(port, { ca })
  assert.ok(session !== undefined)
  assert.equal((await askOverTls(port, { ca, session })).isResumed, true)
  writeFileSync(tickets, 'short')
  await follower.look()
  assert.equal((await askOverTls(port, { ca, session })).isResumed, true)
  writeFileSync(tickets, 'b'.repeat(32))
  await follower.look()
  assert.equal((await askOverTls(port, { ca, session })).isResumed, false)
  assert.deepEqual(kinds(events), ['refused', 'healed'])
})

test('an end that comes near is told of once at 30, 7 and 1 day, and when it is there', async (t) => {
  const { pki } = await two()
  const files = new PemFolder(t).put(
    'c',
    await pki.issue({ validity: { from: new Date(), days: 100 } }),
  )
  let nowMs = Date.now()
  const { expiring, follower } = await following(t, files, { epochMs: () => nowMs })
  const begun = nowMs
  for (const day of [0, 60, 71, 71.5, 92, 94, 98, 99.5, 99.6, 101, 102]) {
    nowMs = begun + day * DAY_MS
    await follower.look()
  }
  assert.deepEqual(expiring, [30, 7, 1, 0])
})

test('keys of tickets differ from period to period and between secrets, and are the same for the same', async (t) => {
  const folder = new PemFolder(t)
  const [a, b] = [folder.write('a', 'a'.repeat(32)), folder.write('b', 'b'.repeat(32))]
  const [one, same, other] = await Promise.all([a, a, b].map((file) => TicketKeys.open(file, 600)))
  assert.ok(one !== undefined && same !== undefined && other !== undefined)
  const keys = [one.keyAt(0), one.keyAt(600_000), other.keyAt(0)]
  assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 3)
  assert.ok(keys.every((key) => key.length === 48))
  assert.deepEqual(same.keyAt(599_999), one.keyAt(0))
  assert.equal(one.msToNext(599_000), 1_000)
  const [mine, yours] = await Promise.all([1, 2].map(() => TicketKeys.open(undefined, 600)))
  assert.notDeepEqual(mine?.keyAt(0), yours?.keyAt(0))
  await assert.rejects(
    TicketKeys.open(folder.write('open', 'a'.repeat(32), 0o644), 600),
    /open to other/,
  )
  await assert.rejects(TicketKeys.open(folder.write('short', 'a'), 600), /has 1 bytes/)
})
