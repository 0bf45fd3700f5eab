import { randomBytes, randomInt } from 'node:crypto'
import { writeSync } from 'node:fs'
import { openDatabase } from '../../src/db/database.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Secret } from '../../src/model/secret.ts'
import { anAcl, NOW, Project, type WithMac } from '../contract/recordsForRepositories.ts'
import { digestOfPlaced, digestOfSecret } from './recordDigest.ts'

/*
 * A writer under load that expects to be killed. Says what it asks for and what was acknowledged in
 * the language of crashLedger.ts, synchronously: what it said before the kill is in the pipe.
 *
 * Arguments: database URL, number of callers at once.
 */

const [url = '', callers = '16'] = process.argv.slice(2)
const say = (line: string) => writeSync(1, `${line}\n`)

const database = await openDatabase({ url, clock: systemClock() })
const execute = () => {
  throw new Error('The victim keeps to the repositories.')
}
const project = await Project.make({ ...database, execute })
say('ready')
await Promise.all(Array.from({ length: Number(callers) }, hammer))

async function hammer(): Promise<void> {
  for (;;) {
    const secret = await insert()
    const fate = randomInt(6)
    if (fate === 0) await change(secret)
    if (fate === 1) await describe(secret)
    if (fate === 2) await place()
    if (fate >= 4) await remove(secret)
  }
}

async function asking<T>(key: string, state: string, work: () => Promise<T>, wanted: T) {
  say(`ask ${key} ${state}`)
  const answer = await work()
  if (answer !== wanted) throw new Error(`${key}: ${String(answer)} instead of ${String(wanted)}`)
  say(`ack ${key} ${state}`)
}

function anySecret(): WithMac<Secret> {
  const users = Array.from({ length: randomInt(4) }, (_, i) => `user-${i}`)
  const envelope = Buffer.concat([project.envelope(), randomBytes(randomInt(20_000))])
  return project.secret({ envelope, acl: users.length === 0 ? null : anAcl(users) })
}

async function insert(): Promise<WithMac<Secret>> {
  const secret = anySecret()
  const state = digestOfSecret(secret)
  await asking(`secret/${secret.id}`, state, () => database.secrets.insert(secret), 'inserted')
  return secret
}

async function change(secret: WithMac<Secret>): Promise<void> {
  const changed = { ...secret, acl: anAcl(['x', 'y', 'z'], false), rowMac: project.mac() }
  const replace = () => database.secrets.replaceAcl(secret.rowMac, changed)
  await asking(`secret/${secret.id}`, digestOfSecret(changed), replace, 'changed')
}

async function describe(secret: WithMac<Secret>): Promise<void> {
  const entries = new Map(
    Array.from({ length: 20 }, (_, i) => [`k${i}`, 'v'.repeat(randomInt(200))]),
  )
  const replace = () => database.secretMetadata.replaceAll(secret.id, entries)
  await asking(`secret/${secret.id}`, digestOfSecret(secret, entries), replace, 'changed')
}

async function place(): Promise<void> {
  const secret = anySecret()
  const order = project.order({ secretId: secret.id })
  const place = () => database.orders.place(order, secret)
  await asking(`order/${project.id}/${order.id}`, digestOfPlaced(order, secret), place, 'placed')
}

async function remove(secret: WithMac<Secret>): Promise<void> {
  const remove = () => database.secrets.remove(secret.id, secret.rowMac, NOW, 'remove')
  await asking(`secret/${secret.id}`, 'gone', remove, 'changed')
}
