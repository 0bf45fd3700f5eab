import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { readKeyringHeader } from '../../src/crypto/kek/keyringFile.ts'
import { backedUp, elsewhere } from '../support/backedUpCloud.ts'
import { pastCloud } from '../support/pastCloud.ts'
import { freshEnvironment, freshFolder, runCli } from '../support/runCli.ts'

interface Env extends Readonly<Record<string, string | undefined>> {
  readonly STATE_DIRECTORY: string
}

async function cli(env: Env, args: readonly string[], input = '') {
  const run = runCli({ args, env, input })
  return { code: await run.code, out: run.out(), err: run.err() }
}

async function done(env: Env, args: readonly string[], input = ''): Promise<string> {
  const { code, out, err } = await cli(env, args, input)
  assert.equal(code, 0, err)
  return out
}

async function dealt(
  env: Env,
  verb: 'seal' | 'reshare',
  [shares, threshold]: readonly [number, number] = [3, 2],
  input = '',
): Promise<readonly string[]> {
  const args = ['kek', verb, '--shares', String(shares), '--threshold', String(threshold)]
  return (await done(env, args, input)).trim().split('\n')
}

function keyringOf({ STATE_DIRECTORY: state }: Env): string {
  return join(state, 'keyring')
}

function bySharesIn(env: Env): Env {
  return { ...env, OS_KEYRING__PROTECTION: 'shares' }
}

async function fingerprintsOf(env: Env): Promise<readonly string[]> {
  const header = await readKeyringHeader(keyringOf(env))
  return header?.keks.map(({ fingerprint }) => fingerprint) ?? []
}

/** Whoever shares are dealt to, with a key pair of his own. */
async function person(folder: string, name: string): Promise<string> {
  const key = join(folder, name)
  await done(freshless, ['backup', 'keygen', '--output', key])
  return key
}
const freshless: Env = { STATE_DIRECTORY: '/nowhere' }

describe('gatehouse kek seal', () => {
  it('seals the keyring of a cloud that runs on another protection: the same KEKs, other locks', async (t) => {
    const { env } = await pastCloud(t)
    const before = await fingerprintsOf(env)
    const { code, out, err } = await cli(env, [
      ...['kek', 'seal', '--shares', '5', '--threshold', '3'],
    ])
    assert.equal(code, 0, err)
    assert.equal(out.trim().split('\n').length, 5)
    assert.match(err, /any 3 of these 5 shares of \w{16} open it/)
    assert.match(err, /Write protection = shares in \[keyring\] now/)
    assert.match(err, /Copies of the file as it was before open as they did: destroy them/)
    assert.deepEqual(await fingerprintsOf(env), before)
    assert.deepEqual(
      readdirSync(env.STATE_DIRECTORY).filter((name) => name.startsWith('keyring')),
      ['keyring'],
    )
    const refused = await cli(env, ['kek', 'status'])
    assert.equal(refused.code, EXIT_CODES.keys.code)
    assert.match(refused.err, /protected by: shares. The configuration says: plain/)
    const status = await done(bySharesIn(env), ['kek', 'status'])
    assert.match(status, /protection {2}file sealed by 3 of 5 shares/)
    assert.match(status, /Not opened: this is what the first line of the file says/)
  })

  it('takes the passphrase that sealed it until now', async (t) => {
    const env = freshEnvironment(t)
    const words = join(freshFolder(t), 'words')
    writeFileSync(words, 'open sesame\n', { mode: 0o600 })
    const sealed = {
      ...env,
      OS_KEYRING__PROTECTION: 'passphrase',
      OS_KEYRING__PASSPHRASE_FILE: words,
    }
    await dealt(bySharesIn(env), 'seal')
    // Back to a passphrase by an escrow, and to shares again.
    const folder = freshFolder(t)
    const key = await person(folder, 'key')
    const shares = await dealt(bySharesIn(env), 'reshare', [3, 2], '').catch(() => [])
    assert.deepEqual(shares, [], 'without shares there is no resharing')
    const second = freshEnvironment(t)
    const fresh = await dealt(bySharesIn(second), 'seal')
    const copy = join(folder, 'copy')
    const lines = fresh.slice(1).join('\n')
    await done(
      bySharesIn(second),
      ['kek', 'escrow', '--recipient', `${key}.pub`, '--out', copy],
      lines,
    )
    await done({ ...sealed, OS_KEYRING__FILE: 'third' }, [
      'kek',
      'restore',
      '--from',
      copy,
      '--key',
      key,
    ])
    const header = await readKeyringHeader(join(env.STATE_DIRECTORY, 'third'))
    assert.equal(header?.protection.kind, 'passphrase')
    const again = await dealt({ ...sealed, OS_KEYRING__FILE: 'third' }, 'seal')
    assert.equal(again.length, 3)
  })

  it('makes no keyring beside a database that was used with another', async (t) => {
    const { env } = await pastCloud(t)
    const elsewhere = { ...env, OS_KEYRING__FILE: 'gone' }
    const { code, err, out } = await cli(elsewhere, [
      ...['kek', 'seal', '--shares', '2', '--threshold', '2'],
    ])
    assert.equal(code, EXIT_CODES.keys.code)
    assert.match(err, /the database was used with one .*kek restore/)
    assert.equal(out, '')
  })

  it('says what is wrong with numbers that make no sense, and changes nothing', async (t) => {
    const env = bySharesIn(freshEnvironment(t))
    for (const [shares, threshold] of [
      ['3', '4'],
      ['1', '1'],
      ['3', '1'],
      ['256', '2'],
      ['x', '2'],
    ] as const) {
      const args = ['kek', 'seal', '--shares', shares, '--threshold', threshold]
      const { code, out } = await cli(env, args)
      assert.equal(code, EXIT_CODES.usage.code)
      assert.equal(out, '')
    }
    assert.ok(!existsSync(keyringOf(env)))
    await dealt(env, 'seal')
    const again = await cli(env, ['kek', 'seal', '--shares', '2', '--threshold', '2'])
    assert.equal(again.code, EXIT_CODES.refused.code)
    assert.match(again.err, /sealed by shares already: `gatehouse kek reshare`/)
  })

  it('seals each share to the key of one person, who opens it at home', async (t) => {
    const env = bySharesIn(freshEnvironment(t))
    const folder = freshFolder(t)
    const people = [await person(folder, 'ada'), await person(folder, 'grace')]
    const args = ['--shares', '2', '--threshold', '2', '--output-dir', folder]
    const recipients = ['--recipient', ...people.map((key) => `${key}.pub`)]
    const told = await done(env, ['kek', 'seal', ...args, ...recipients])
    const files = [...told.matchAll(/^(\S+\.jwe), sealed to /gm)].map(([, file = '']) => file)
    assert.equal(files.length, 2)
    const [first = '', second = ''] = files
    const [ada = '', grace = ''] = people
    const share = await done(freshless, ['kek', 'open-share', first, '--key', ada])
    assert.match(share, /^gatehouse-share-1-\w{16}-2-1-/)
    assert.ok(!readFileSync(first, 'utf8').includes('gatehouse-share-1'))
    const wrong = await cli(freshless, ['kek', 'open-share', first, '--key', grace])
    assert.equal(wrong.code, EXIT_CODES.refused.code)
    assert.match(wrong.err, /does not open with this key/)
    const other = await done(freshless, ['kek', 'open-share', second, '--key', grace])
    assert.equal((await dealt(env, 'reshare', [2, 2], `${share}${other}`)).length, 2)
    const few = await cli(env, ['kek', 'seal', ...args, '--recipient', `${ada}.pub`])
    assert.notEqual(few.code, 0)
  })

  it('leaves the keyring as it was when the shares cannot be handed out', async (t) => {
    const { env } = await pastCloud(t)
    const before = readFileSync(keyringOf(env))
    const args = ['kek', 'seal', '--shares', '2', '--threshold', '2', '--output-dir', '/proc/none']
    assert.notEqual((await cli(env, args)).code, 0)
    assert.deepEqual(readFileSync(keyringOf(env)), before)
  })
})

describe('gatehouse kek reshare', () => {
  it('deals shares to others, and the old ones open nothing any more', async (t) => {
    const env = bySharesIn(freshEnvironment(t))
    const old = await dealt(env, 'seal', [3, 2])
    const before = await fingerprintsOf(env)
    const fresh = await dealt(env, 'reshare', [5, 4], `${old[2]}\n${old[0]}\n`)
    assert.equal(fresh.length, 5)
    assert.deepEqual(await fingerprintsOf(env), before)
    const refused = await cli(
      env,
      ['kek', 'reshare', '--shares', '2', '--threshold', '2'],
      old.join('\n'),
    )
    assert.equal(refused.code, EXIT_CODES.keys.code)
    assert.match(refused.err, /shares were dealt anew/)
    assert.match(refused.err, /stays closed: 0 of 4 shares/)
    const few = await cli(
      env,
      ['kek', 'reshare', '--shares', '2', '--threshold', '2'],
      fresh.slice(0, 3).join('\n'),
    )
    assert.equal(few.code, EXIT_CODES.keys.code)
    assert.match(few.err, /3 of 4 shares were given/)
    await dealt(env, 'reshare', [2, 2], fresh.slice(1).join('\n'))
  })

  it('is for keyrings that shares open', async (t) => {
    const { env } = await pastCloud(t)
    const { code, err } = await cli(env, [
      ...['kek', 'reshare', '--shares', '2', '--threshold', '2'],
    ])
    assert.equal(code, EXIT_CODES.refused.code)
    assert.match(err, /not sealed by shares: `gatehouse kek seal`/)
  })
})

describe('verbs that open a sealed keyring by themselves', () => {
  it('ask for shares, and do without a server what they did before', async (t) => {
    const cloud = await backedUp(t)
    const shares = await dealt(cloud.env, 'seal', [4, 3])
    const env = bySharesIn(cloud.env)
    const three = shares.slice(0, 3).join('\n')
    const args = ['backup', 'verify', cloud.file, '--key', cloud.key]
    assert.match(await done(env, args, three), /everything opens/)
    const status = await done(env, ['kek', 'status', '--open'], three)
    assert.match(status, /sealed by 3 of 4 shares/)
    assert.doesNotMatch(status, /Not opened/)
    const few = await cli(env, args, shares.slice(2).join('\n'))
    assert.equal(few.code, EXIT_CODES.keys.code)
    assert.match(few.err, /2 of 3 shares were given/)
    await cloud.stop()
    assert.match(await done(env, ['db', 'clean', '-e'], three), /^expired secrets {2}\d+ removed/m)
  })
})

describe('gatehouse kek escrow', () => {
  it('seals a copy to several people, each of whom can bring the keyring back alone', async (t) => {
    const { env, stop } = await pastCloud(t)
    const folder = freshFolder(t)
    const people = [await person(folder, 'ada'), await person(folder, 'grace')]
    const copy = join(folder, 'copy.jwe')
    const recipients = people.flatMap((key) => ['--recipient', `${key}.pub`])
    const told = await done(env, ['kek', 'escrow', ...recipients, '--out', copy])
    const fingerprints = await fingerprintsOf(env)
    for (const fingerprint of fingerprints) assert.ok(told.includes(fingerprint))

    const jwe = JSON.parse(readFileSync(copy, 'utf8'))
    const head = JSON.parse(Buffer.from(jwe.protected, 'base64url').toString())
    assert.equal(head.enc, 'A256GCM')
    assert.equal(head.gatehouse.form, 'keyring')
    assert.deepEqual(head.gatehouse.fingerprints, fingerprints)
    assert.equal(jwe.recipients.length, 2)
    assert.ok(!readFileSync(copy).includes('gatehouse-keyring"'))

    await stop()
    for (const key of people) {
      const other = elsewhere(t, env)
      const file = keyringOf(other)
      const path = { ...env, OS_KEYRING__FILE: `${file}-back` }
      const back = await cli(path, ['kek', 'restore', '--from', copy, '--key', key])
      assert.equal(back.code, 0, back.err)
      assert.match(back.err, /these are the KEKs that this database needs/)
      assert.deepEqual(readFileSync(`${file}-back`), readFileSync(keyringOf(env)))
    }
    const [ada = ''] = people
    const again = await cli(env, ['kek', 'restore', '--from', copy, '--key', ada])
    assert.equal(again.code, EXIT_CODES.refused.code)
    assert.match(again.err, /is there already: move it away/)
    const twice = await cli(env, ['kek', 'escrow', ...recipients, '--out', copy])
    assert.equal(twice.code, EXIT_CODES.refused.code)
    await done(env, ['kek', 'escrow', ...recipients, '--out', copy, '--force'])
  })

  it('comes back sealed by shares where the settings say so', async (t) => {
    const { env } = await pastCloud(t)
    const folder = freshFolder(t)
    const key = await person(folder, 'key')
    const copy = join(folder, 'copy')
    await done(env, ['kek', 'escrow', '--recipient', `${key}.pub`, '--out', copy])
    const shared = bySharesIn({ ...env, OS_KEYRING__FILE: 'back' })
    const args = ['kek', 'restore', '--from', copy, '--key', key]
    const unsaid = await cli(shared, args)
    assert.equal(unsaid.code, EXIT_CODES.usage.code)
    assert.match(unsaid.err, /say how many \(--shares 5 --threshold 3\)/)
    const told = await done(shared, [...args, '--shares', '3', '--threshold', '2'])
    assert.equal(told.trim().split('\n').length, 3)
    const status = await done(shared, ['kek', 'status'])
    assert.match(status, /sealed by 2 of 3 shares/)
  })

  it('of another deployment is refused, with both fingerprints, and nothing is written', async (t) => {
    const [mine, theirs] = [await pastCloud(t), await pastCloud(t)]
    const folder = freshFolder(t)
    const key = await person(folder, 'key')
    const copy = join(folder, 'copy')
    await done(theirs.env, ['kek', 'escrow', '--recipient', `${key}.pub`, '--out', copy])
    const lost = { ...mine.env, OS_KEYRING__FILE: 'back' }
    const { code, err } = await cli(lost, ['kek', 'restore', '--from', copy, '--key', key])
    assert.equal(code, EXIT_CODES.keys.code)
    const [wanted = ''] = await fingerprintsOf(mine.env)
    const [found = ''] = await fingerprintsOf(theirs.env)
    assert.ok(err.includes(wanted) && err.includes(found), err)
    assert.ok(!existsSync(join(mine.env.STATE_DIRECTORY, 'back')))
  })

  it('that was changed, cut or is something else is refused in one sentence', async (t) => {
    const { env } = await pastCloud(t)
    const folder = freshFolder(t)
    const key = await person(folder, 'key')
    const copy = join(folder, 'copy')
    await done(env, ['kek', 'escrow', '--recipient', `${key}.pub`, '--out', copy])
    const whole = JSON.parse(readFileSync(copy, 'utf8'))
    const head = JSON.parse(Buffer.from(whole.protected, 'base64url').toString())
    const forgedHead = Buffer.from(
      JSON.stringify({ ...head, gatehouse: { ...head.gatehouse, store: 'keyring:b' } }),
    ).toString('base64url')
    const flipped = `${whole.ciphertext[0] === 'A' ? 'B' : 'A'}${whole.ciphertext.slice(1)}`
    for (const content of [
      '',
      'x',
      '{}',
      '{"recipients":[]}',
      readFileSync(copy, 'utf8').slice(0, -40),
      JSON.stringify({ ...whole, protected: forgedHead }),
      JSON.stringify({ ...whole, ciphertext: flipped }),
      JSON.stringify({ ...whole, recipients: [{ header: { alg: 'dir' } }] }),
    ]) {
      const path = join(folder, 'changed')
      writeFileSync(path, content)
      const lost = { ...env, OS_KEYRING__FILE: 'back' }
      const { code, err } = await cli(lost, ['kek', 'restore', '--from', path, '--key', key])
      assert.equal(code, EXIT_CODES.refused.code, content)
      assert.match(err, /^gatehouse: [^\n]*(is no JWE|does not open)[^\n]*\n$/)
    }
    // A share is no keyring.
    const shares = ['--shares', '2', '--threshold', '2', '--output-dir', folder]
    const pubs = ['--recipient', `${key}.pub`, `${key}.pub`]
    const told = await done(bySharesIn(freshEnvironment(t)), ['kek', 'seal', ...shares, ...pubs])
    const [, share = ''] = /^(\S+\.jwe),/.exec(told) ?? []
    const odd = await cli(env, ['kek', 'restore', '--from', share, '--key', key])
    assert.match(odd.err, /opens, but it is no sealed keyring/)
  })

  it('says so when no database can tell whether it is the right one', async (t) => {
    const env = bySharesIn(freshEnvironment(t))
    const shares = await dealt(env, 'seal')
    const folder = freshFolder(t)
    const key = await person(folder, 'key')
    const copy = join(folder, 'copy')
    const args = ['kek', 'escrow', '--recipient', `${key}.pub`, '--out', copy]
    await done(env, args, shares.slice(1).join('\n'))
    copyFileSync(copy, `${copy}-2`)
    const lost = { ...env, OS_KEYRING__PROTECTION: 'plain', OS_KEYRING__FILE: 'back' }
    const { err } = await cli(lost, ['kek', 'restore', '--from', `${copy}-2`, '--key', key])
    assert.match(err, /no database here knows this keyring, so nothing was compared/)
  })
})
