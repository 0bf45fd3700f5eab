import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ask, store } from '../peers/ask.ts'
import { type Configuration, Gatehouse, ini } from '../peers/gatehouse.ts'
import { hsmProcessesOf } from '../support/hsmProcesses.ts'
import { NO_SOFT_HSM, PIN, SoftHsm } from '../support/softHsm.ts'

const COMMAND = join(import.meta.dirname, '../../bin/gatehouse.js')

/** The KEK in a SoftHSM, as Barbican's operators configure one: their section, and what only we have. */
function settingsOf(hsm: SoftHsm): Configuration {
  return {
    DEFAULT: { auth_strategy: 'token' },
    p11_crypto_plugin: {
      library_path: hsm.library,
      token_labels: 'gatehouse',
      mkek_label: 'kek-1',
      mkek_length: '32',
      hmac_label: 'hmac-1',
      encryption_mechanism: 'CKM_AES_CBC',
      rw_session: 'True',
    },
    pkcs11: {
      login_file: hsm.pinFile,
      addon: hsm.addon,
      library_environment: Object.entries(hsm.environment)
        .map(([name, value]) => `${name}=${value}`)
        .join(','),
      timeout: '3',
      start_timeout: '1',
    },
    // Long enough to be remembered, short enough to see what comes after.
    project_keys: { cache_ttl: '5', max_stale: '600' },
  }
}

interface Ran {
  readonly code: number
  readonly text: string
}

/** A verb, with what it printed on either side. */
async function gatehouse(configFile: string, ...args: readonly string[]): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      COMMAND,
      ...args,
      '--config-file',
      configFile,
    ])
    return { code: 0, text: stdout + stderr }
  } catch (cause) {
    const { code, stdout, stderr } = cause as Ran & {
      readonly stdout: string
      readonly stderr: string
    }
    return { code, text: stdout + stderr }
  }
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 60_000
  while (!(await check())) {
    assert.ok(performance.now() < endMs, `It did not happen in a minute: ${what}`)
    await delay(100)
  }
}

describe('a server whose KEK is in an HSM', { skip: NO_SOFT_HSM, timeout: 900_000 }, () => {
  let hsm: SoftHsm
  let folder: string
  let configFile: string
  let server: Gatehouse

  before(async () => {
    hsm = await SoftHsm.make()
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-hsm-server-'))
    configFile = join(folder, 'tool.conf')
    await hsm.addToken('gatehouse')
  })
  after(async () => {
    await server?.kill()
    await rm(folder, { recursive: true, force: true })
    await hsm?.remove()
  })

  async function token(project: string): Promise<string> {
    const roles = ['--role', 'creator', '--role', 'admin']
    const printed = await server.command('token', 'issue', '--project', project, ...roles)
    return printed.trimEnd().split('\n').at(-1) ?? ''
  }

  async function payload(ref: string, as: string) {
    return ask(`${ref}/payload`, { token: as, headers: { Accept: 'text/plain' } })
  }

  async function write(as: string) {
    const json = { payload: 'x', payload_content_type: 'text/plain' }
    return ask(`${server.url}/v1/secrets`, { method: 'POST', token: as, json })
  }

  async function metric(name: string): Promise<number> {
    const { text } = await ask(`${server.adminUrl}/metrics`)
    return Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(text)?.[1])
  }

  it('is prepared by probe, generate-kek and check', async () => {
    const settings = settingsOf(hsm)
    const withState = {
      ...settings,
      DEFAULT: { auth_strategy: 'token', state_path: join(folder, 'tool') },
    }
    await writeFile(configFile, ini(withState), { mode: 0o600 })

    const probed = await gatehouse(configFile, 'hsm', 'probe')
    assert.equal(probed.code, 0)
    assert.match(
      probed.text,
      /^gatehouse +\S+ +\d+ +right last time +CKM_AES_GCM, CKM_AES_KEY_WRAP_PAD +SoftHSM 2 \(tested\)$/m,
    )

    const unmade = await gatehouse(configFile, 'hsm', 'check')
    assert.equal(unmade.code, 4)
    assert.match(unmade.text, /no AES key with the label kek-1.*generate-kek/)

    for (const label of ['kek-1', 'kek-2']) {
      const made = await gatehouse(configFile, 'hsm', 'generate-kek', '--label', label)
      assert.equal(made.code, 0, made.text)
      assert.match(made.text, /fingerprint [0-9a-f]{32}/)
    }
    const again = await gatehouse(configFile, 'hsm', 'generate-kek', '--label', 'kek-1')
    assert.equal(again.code, 4)
    assert.match(again.text, /has an AES key with the label kek-1: choose another/)

    const checked = await gatehouse(configFile, 'hsm', 'check')
    assert.equal(checked.code, 0, checked.text)
    assert.match(checked.text, /primary +yes +none: no server started/)
  })

  it("starts on Barbican's section, keeps and gives secrets, and says where the KEK is", async () => {
    server = await Gatehouse.start({ name: 'server', folder, configuration: settingsOf(hsm) })
    const ours = await token('first')
    const ref = await store(server.url, ours, 'open sesame')
    assert.equal((await payload(ref, ours)).text, 'open sesame')
    const status = await server.command('kek', 'status')
    assert.match(status, /store +pkcs11 \(pkcs11\), kek-1 in token gatehouse of /)
    assert.match(status, /HSM token gatehouse, serial number \S+ \(SoftHSM project\), CKM_AES_GCM/)
    const checked = await server.command('hsm', 'check')
    assert.match(checked, /primary +yes +opens/)
  })

  it('changes to a second KEK, first known to it and then promoted, and opens what the first sealed', async () => {
    const ours = await token('changing')
    const ref = await store(server.url, ours, 'under the first')
    const processes = hsmProcessesOf(server.pid)
    await server.reconfigure({
      p11_crypto_plugin: { mkek_label: 'kek-2' },
      pkcs11: { decrypt_labels: 'kek-1' },
    })
    server.signal('SIGHUP')
    const status = () => server.command('kek', 'status')
    await until('it holds both', async () => /\ndecrypt-only .* 1 of 1 +no /.test(await status()))
    await until('the process of before ends', async () =>
      hsmProcessesOf(server.pid).every((pid) => !processes.includes(pid)),
    )
    assert.match(await status(), /\ndecrypt-only[^\n]*\nprimary[^\n]*\(wraps new keys\)/)
    assert.match(await server.command('kek', 'promote'), /is primary/)
    assert.equal((await payload(ref, ours)).text, 'under the first')
    const newcomers = await token('after the change')
    const second = await store(server.url, newcomers, 'under the second')
    assert.equal((await payload(second, newcomers)).text, 'under the second')
    assert.match(
      await server.command('kek', 'status'),
      /primary[^\n]*\(wraps new keys\)\ndecrypt-only/,
    )
  })

  it('with the HSM away serves those it knows, tells the others when to come back, and heals', async () => {
    const known = await token('known')
    const ref = await store(server.url, known, 'remembered')
    await hsm.takeAway()
    const [process] = hsmProcessesOf(server.pid)
    assert.ok(process)
    const stranger = await token('stranger')
    const refused = await write(stranger)
    assert.equal(refused.status, 503)
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    // Past cache_ttl: from here on it is the bound of max_stale that counts.
    const endMs = performance.now() + 8_000
    while (performance.now() < endMs) {
      assert.equal((await payload(ref, known)).text, 'remembered')
      assert.equal((await write(known)).status, 201)
      assert.equal((await write(stranger)).status, 503)
      await delay(200)
    }
    assert.equal(await metric('gatehouse_kek_store_up'), 0)
    assert.match(await server.logs(), /a KEK store does not answer/)
    const { text } = await ask(`${server.adminUrl}/readyz`)
    assert.match(text, /kek store/)
    await hsm.bringBack()
    await until('a stranger writes', async () => (await write(stranger)).status === 201)
    assert.equal((await payload(ref, known)).text, 'remembered')
    assert.equal(await metric('gatehouse_kek_store_up'), 1)
  })

  it('lives on when the library brings down its process, or hangs in it', async () => {
    const ours = await token('bystander')
    const ref = await store(server.url, ours, 'still here')
    const losses = await metric('gatehouse_hsm_losses_total')
    for (const [index, signal] of (['SIGSEGV', 'SIGSTOP'] as const).entries()) {
      const [pid] = hsmProcessesOf(server.pid)
      assert.ok(pid)
      process.kill(pid, signal)
      const newcomer = await token(`newcomer ${index}`)
      const [written, read] = await Promise.all([write(newcomer), payload(ref, ours)])
      assert.equal(written.status, 201)
      assert.equal(read.text, 'still here')
    }
    assert.ok(server.isRunning)
    assert.ok((await metric('gatehouse_hsm_losses_total')) >= losses + 2)
    assert.match(await server.logs(), /was given up.*SIGSEGV|SIGSEGV.*was given up/)
  })

  it('ends its process with itself, also when it is killed', async () => {
    const [pid] = hsmProcessesOf(server.pid)
    assert.ok(pid)
    await server.kill()
    await until('it is gone', async () => !(await isAlive(pid)))
    await server.startAgain()
  })

  it('is refused with a code that says "later" when the HSM is away at its start', async () => {
    await server.stop()
    await hsm.takeAway()
    server.launch()
    assert.equal((await server.exited()).code, 14)
    await hsm.bringBack()
    await server.startAgain()
  })

  it('tries a wrong PIN once, however often it is started', async () => {
    await server.stop()
    await writeFile(hsm.pinFile, 'wrong\n')
    for (const said of [
      /refuses the PIN \(CKR_PIN_INCORRECT\)/,
      /last PIN it was given was wrong/,
    ]) {
      server.launch()
      assert.equal((await server.exited()).code, 4)
      assert.match(await server.logs(), said)
    }
    await writeFile(hsm.pinFile, `${PIN}\n`)
    await server.command('hsm', 'check')
    await server.startAgain()
  })

  it('never wrote the PIN anywhere', async () => {
    const log = await readFile(join(folder, 'server', 'gatehouse.log'), 'utf8')
    assert.doesNotMatch(log + (await server.logs()), new RegExp(PIN))
    assert.doesNotMatch(await server.command('config', 'show'), new RegExp(PIN))
  })
})

async function isAlive(pid: number): Promise<boolean> {
  try {
    return !/\) Z /.test(await readFile(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
