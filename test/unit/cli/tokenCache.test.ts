import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { EXIT_CODES } from '../../../src/cli/exitCodes.ts'
import { compose } from '../../../src/compose.ts'
import { freshEnvironment, freshFolder, runCli } from '../../support/runCli.ts'
import { servedOnce } from '../deployment/servedOnce.ts'

/** A Keystone and a Redis where nobody is, and a secret of this mode. */
function environment(t: TestContext, mode = 0o600, bytes = 32) {
  const folder = freshFolder(t)
  const secret = join(folder, 'secret')
  writeFileSync(secret, randomBytes(bytes), { mode })
  return {
    ...freshEnvironment(t),
    OS_KEYSTONE_AUTHTOKEN__AUTH_URL: 'http://127.0.0.1:9/v3',
    OS_KEYSTONE_AUTHTOKEN__USERNAME: 'gatehouse',
    OS_KEYSTONE_AUTHTOKEN__PASSWORD: 'x',
    OS_KEYSTONE_AUTHTOKEN__PROJECT_NAME: 'service',
    OS_TOKEN_CACHE__BACKEND: 'redis',
    OS_TOKEN_CACHE__URL: 'rediss://gatehouse:hidden@127.0.0.1:9/0',
    OS_TOKEN_CACHE__SECRET_FILE: secret,
  }
}

describe('a server with a shared token cache', () => {
  it('starts and is healthy while there is no Redis, and says so once without the password', async (t) => {
    const env = { ...environment(t), OS_DEFAULT__LOG_FILE: join(freshFolder(t), 'x.log') }
    await servedOnce(t, env)
    const log = readFileSync(env.OS_DEFAULT__LOG_FILE, 'utf8')
    assert.equal(log.match(/the shared token cache is away/g)?.length, 1)
    assert.doesNotMatch(log, /hidden/)
  })

  const refused = async (env: Readonly<Record<string, string>>, why: RegExp) => {
    const run = runCli({ args: ['serve'], env, compose })
    assert.equal(await run.code, EXIT_CODES.settings.code)
    assert.match(run.err(), why)
    assert.doesNotMatch(run.err(), /hidden/)
  }

  it('does not start with a secret that others may read, one that is too short, or none', async (t) => {
    await refused(environment(t, 0o644), /\[token_cache\] secret_file: .* make it 0600/)
    await refused(environment(t, 0o600, 31), /31 bytes; a secret for the token cache has 32/)
    const missing = { ...environment(t), OS_TOKEN_CACHE__SECRET_FILE: '/nowhere/secret' }
    await refused(missing, /\/nowhere\/secret cannot be read: ENOENT/)
  })

  it('does not start with certificates that cannot be read', async (t) => {
    const env = { ...environment(t), OS_TOKEN_CACHE__CAFILE: '/nowhere/ca.pem' }
    await refused(env, /\[token_cache\] The cafile in \/nowhere\/ca\.pem cannot be read: ENOENT/)
  })
})
