import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { SealedServer } from '../support/sealedServer.ts'

test('a share that is typed is not shown', async (t) => {
  const node = new SealedServer(t)
  const [share = '', other = ''] = await node.dealt(2, 2)
  await node.start()
  // `script` gives the command a terminal.
  const command = `${process.execPath} ${resolve('bin/gatehouse.js')} unseal`
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...node.env } })
  let shown = ''
  const prompted = Promise.withResolvers<void>()
  child.stdout.on('data', (bytes) => {
    shown += bytes
    if (shown.includes('0 of 2: ')) prompted.resolve()
  })
  const ended = new Promise((end) => child.once('close', end))
  await Promise.race([prompted.promise, ended])
  // A slip that is taken back, and Enter as a terminal sends it.
  child.stdin.write(`${share.slice(0, -1)}zz\x7f\x7f${share.slice(-1)}\r`)
  assert.equal(await ended, 0, shown)
  assert.match(shown, /Share of keyring \(\w{16}\), 0 of 2: /)
  assert.match(shown, /sealed, 1 of 2/)
  assert.ok(!shown.includes((share.split('-')[6] ?? share).slice(0, 6)), 'it was shown')
  await node.verb(['unseal'], other)
  assert.equal(await node.health(), 'OK')
})
