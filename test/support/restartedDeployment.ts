import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { runBarbicanManage } from '../../src/cli/barbicanManage.ts'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import type { ComposeGatehouse } from '../../src/cli/gatehouse.ts'
import { compose } from '../../src/compose.ts'
import { freshEnvironment, runCli } from './runCli.ts'

interface CleansUp {
  after(work: () => void): unknown
}

/** A deployment that is started again and again, with other stores in its configuration each time. */
export function restartedDeployment(t: CleansUp) {
  const env = {
    ...freshEnvironment(t),
    OS_DEFAULT__AUTH_STRATEGY: 'noauth',
    OS_ROTATION__SETTLE_TIME: '1',
  }
  const state = env.STATE_DIRECTORY
  const config = `${state}.conf`
  const args = (stores: string, ...verb: readonly string[]) => {
    writeFileSync(config, `[DEFAULT]\n${stores}`)
    return ['--config-file', config, ...verb]
  }
  const verb = async (stores: string, ...words: readonly string[]) => {
    const run = runCli({ args: args(stores, ...words), env, compose })
    return { code: await run.code, out: run.out(), err: run.err() }
  }
  const manage = async (stores: string, ...words: readonly string[]) => {
    const run = runCli({ args: args(stores, ...words), env, run: (it) => runBarbicanManage(it) })
    return { code: await run.code, out: run.out(), err: run.err() }
  }
  return {
    state,
    manage,
    log: env.OS_DEFAULT__LOG_FILE,
    verb,
    /** The sentence of a start that must not happen. */
    async refusal(stores: string, reason: keyof typeof EXIT_CODES): Promise<string> {
      const { code, err } = await verb(stores, 'serve')
      assert.equal(code, EXIT_CODES[reason].code, err)
      assert.match(err, /^gatehouse: /)
      return err
    },
    /** Starts, lets `work` ask, stops. */
    async up(stores: string, work: (ask: Ask) => Promise<void> = async () => undefined) {
      const { promise: address, resolve } = Promise.withResolvers<string>()
      const listening: ComposeGatehouse = async (settings, parts) => {
        const gatehouse = await compose(settings, parts)
        return {
          listen: async () => {
            const { addresses } = await gatehouse.listen()
            setImmediate(() => resolve(addresses[0] ?? ''))
            return { addresses }
          },
          drain: (graceMs) => gatehouse.drain(graceMs),
        }
      }
      const run = runCli({ args: args(stores, 'serve'), env, compose: listening })
      const ended = run.code.then((code) => {
        throw new Error(`serve ended with ${code}: ${run.err()}`)
      })
      ended.catch(() => undefined)
      const base = await Promise.race([address, ended])
      try {
        await work((method, path, body, project) => ask(base, method, path, body, project))
      } finally {
        run.send('SIGTERM')
        assert.equal(await run.code, 0)
      }
    },
    rows(sql: string): readonly unknown[] {
      const database = new Sqlite(join(state, 'gatehouse.sqlite'), { readonly: true })
      try {
        return database.prepare(sql).all()
      } finally {
        database.close()
      }
    },
  }
}

export type Ask = (
  method: string,
  path: string,
  body?: object,
  project?: string,
) => Promise<Answered>
interface Answered {
  readonly status: number
  readonly text: string
}

async function ask(
  base: string,
  method: string,
  path: string,
  body?: object,
  project = 'demo',
): Promise<Answered> {
  const response = await fetch(new URL(path, base), {
    method,
    headers: {
      'X-Project-Id': project,
      'X-Roles': 'admin,creator',
      'Content-Type': 'application/json',
      Connection: 'close',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, text: await response.text() }
}

/** The path of its payload. */
export async function storeSecret(ask: Ask, payload: string, project?: string): Promise<string> {
  const body = { payload, payload_content_type: 'text/plain' }
  const { status, text } = await ask('POST', '/v1/secrets', body, project)
  assert.equal(status, 201, text)
  return `/v1/secrets/${String(JSON.parse(text).secret_ref).slice(-36)}/payload`
}
