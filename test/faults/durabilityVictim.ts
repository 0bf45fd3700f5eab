import { writeSync } from 'node:fs'
import { openDatabase } from '../../src/db/database.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { Project } from '../contract/recordsForRepositories.ts'

/*
 * Writes under a tracer: says `ask N` before each insert and `ack N` after. Alone first, then many at
 * once, so that commits are shared.
 *
 * Arguments: database URL, FULL (as shipped) or NORMAL (which the test must notice).
 */

const [url = '', synchronous] = process.argv.slice(2)
const database = await openDatabase({
  url,
  clock: systemClock(),
  ...(synchronous === 'NORMAL' ? { writer: { weakening: { synchronous } } } : {}),
})
const execute = () => {
  throw new Error('The victim keeps to the repositories.')
}
const project = await Project.make({ ...database, execute })

let last = 0
async function insert(): Promise<void> {
  const number = ++last
  writeSync(1, `ask ${number}\n`)
  await database.secrets.insert(project.secret())
  writeSync(1, `ack ${number}\n`)
}

for (let i = 0; i < 30; i += 1) await insert()
await Promise.all(
  Array.from({ length: 16 }, async () => {
    for (let i = 0; i < 30; i += 1) await insert()
  }),
)
await database.close()
