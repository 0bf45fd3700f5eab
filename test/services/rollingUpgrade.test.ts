import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ask, store } from '../peers/ask.ts'
import { type Configuration, Gatehouse } from '../peers/gatehouse.ts'
import { type PreviousCode, previousCode } from '../support/previousCode.ts'
import { emptyServerDatabase, type ServerDatabase } from '../support/serverDatabase.ts'
import { makeCertificate } from '../support/storedCertificates.ts'
import { until } from './keyManager.ts'

/** Somebody who stores and reads without a pause. A failure is kept: nobody is to meet one. */
class Customer {
  readonly #url: string
  readonly #token: string
  #isStopped = false
  readonly #working: Promise<void>
  readonly refs: string[] = []

  constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
    this.#working = this.#work()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#working
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      const ref = await store(this.#url, this.#token, `secret ${this.refs.length}`)
      this.refs.push(ref)
      await assertReads(ref, this.#token, `secret ${this.refs.length - 1}`)
      const listed = await ask(`${this.#url}/v1/secrets?limit=1`, { token: this.#token })
      assert.equal(listed.status, 200, listed.text)
    }
  }
}

async function assertReads(ref: string, token: string, payload: string): Promise<void> {
  const read = await ask(`${ref}/payload`, { token, headers: { Accept: 'text/plain' } })
  assert.equal(read.status, 200, read.text)
  assert.equal(read.text, payload)
}

const through = (name: string, kind: 'mysql' | 'postgresql'): void => {
  describe(`an upgrade goes through a cloud on ${name}`, { timeout: 900_000 }, () => {
    let folder: string
    let database: ServerDatabase
    let previous: PreviousCode
    let old: Gatehouse
    let token: string
    let customer: Customer
    const nodes: Gatehouse[] = []

    const node = async (called: string, program?: string): Promise<Gatehouse> => {
      const configuration: Configuration = {
        DEFAULT: { auth_strategy: 'token' },
        database: { connection: database.url, max_retries: '0' },
        keyring: { file: join(folder, 'keyring') },
        token: { signing_key_file: join(folder, 'signing-key') },
      }
      const options = { name: called, folder, configuration }
      const started = await Gatehouse.start(
        program === undefined ? options : { ...options, program },
      )
      nodes.push(started)
      return started
    }
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'gatehouse-upgrade-'))
      database = await emptyServerDatabase(kind)
      previous = previousCode(join(folder, 'previous'))
      old = await node('old', previous.program)
      const issued = await old.command('token', 'issue', '--project', 'p', '--role', 'creator')
      token = issued.trimEnd().split('\n').at(-1) ?? ''
      customer = new Customer(old.url, token)
    })
    after(async () => {
      await customer?.stop().catch(() => undefined)
      for (const one of nodes) await one.stop()
      await database?.drop()
      await rm(folder, { recursive: true, force: true })
    })

    test('a new node does not start before the schema is upgraded, and says what to do', async () => {
      await assert.rejects(node('early'), /./)
      const { stdout } = await refused(() => configured('db', 'status'))
      assert.match(stdout, new RegExp(`pending +.*${previous.unknown}`))
      assert.match(stdout, /gatehouse db upgrade/)
    })

    /** One call of today's command with the old node's configuration. */
    const configured = (...args: readonly string[]): Promise<string> =>
      old.commandOf(undefined, ...args)

    test('the upgrade runs while the old node serves, and the old node goes on', async () => {
      assert.match(await configured('db', 'upgrade'), new RegExp(previous.unknown))
      const stored = customer.refs.length
      await until('the old node stores more', async () => customer.refs.length > stored + 20, 60)
      assert.match(await configured('db', 'status'), /nothing to do/)
    })

    test('old and new serve one database side by side, and each reads what the other stores', async () => {
      const next = await node('next')
      const [ofOld, ofNext] = await Promise.all([
        store(old.url, token, 'by the old'),
        store(next.url, token, 'by the new'),
      ])
      await assertReads(ofNext.replace(next.url, old.url), token, 'by the new')
      await assertReads(ofOld.replace(old.url, next.url), token, 'by the old')
      const last = customer.refs.at(-1) ?? assert.fail('the customer stored nothing')
      await assertReads(
        last.replace(old.url, next.url),
        token,
        `secret ${customer.refs.indexOf(last)}`,
      )
      await customer.stop()
    })

    test('a certificate that the old node stores is looked at afterwards, one that it deletes leaves no trace', async () => {
      const next = nodes.at(-1) ?? assert.fail('there is no new node')
      const { pem } = await makeCertificate('lb', { until: '2099-01-01T00:00:00Z' })
      const text = { payload: pem, payload_content_type: 'text/plain', secret_type: 'certificate' }
      const storeAt = async ({ url }: Gatehouse) => {
        const json = { json: text, token, method: 'POST' }
        const answer = await ask(`${url}/v1/secrets`, json)
        assert.equal(answer.status, 201, answer.text)
        return String(JSON.parse(answer.text).secret_ref).slice(-36)
      }
      const [byOld, byNext] = [await storeAt(old), await storeAt(next)]
      const listed = async () =>
        JSON.parse(await next.command('certificates', 'list', '--json'))
          .map((one: { readonly secret_id: string }) => one.secret_id)
          .toSorted()
      // Once another migration is the newest, the old node looks at certificates as well.
      const isLookedAt = previous.unknown > '0005-certificate-facts' ? [byOld] : []
      assert.deepEqual(await listed(), [...isLookedAt, byNext].toSorted())
      const gone = await ask(`${old.url}/v1/secrets/${byNext}`, { method: 'DELETE', token })
      assert.equal(gone.status, 204, gone.text)
      assert.deepEqual(await listed(), isLookedAt)
      assert.match(
        await next.command('certificates', 'check', '--all'),
        new RegExp(`^found {7}${1 - isLookedAt.length} cert`, 'm'),
      )
      assert.deepEqual(await listed(), [byOld])
    })

    test('there is no way back: the old code refuses to start and to upgrade, with the reason', async () => {
      await old.stop()
      const { stderr } = await refused(() => old.command('db', 'upgrade'))
      assert.match(stderr, /schema of a newer release/)
      await assert.rejects(old.startAgain(), /./)
    })
  })
}

interface Refused {
  readonly stdout: string
  readonly stderr: string
}

async function refused(command: () => Promise<unknown>): Promise<Refused> {
  try {
    await command()
  } catch (error) {
    return error as Refused
  }
  throw new Error('it was not refused')
}

through('MariaDB', 'mysql')
through('PostgreSQL', 'postgresql')
