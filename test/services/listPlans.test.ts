import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import knex from 'knex'
import { fillScaled } from '../../bench/scale/scaledDatabase.ts'
import { idAt, nameAt, type Part, type Place, projectAt } from '../../bench/scale/scaledRows.ts'
import { openTables } from '../../src/db/backup/openTables.ts'
import type { TableConnection } from '../../src/db/backup/tableConnection.ts'
import {
  COUNT_CERTIFICATES,
  DUE_WARNINGS,
  placeParams,
  secretsBehind,
} from '../../src/db/certificateRepository.ts'
import type { Dialect } from '../../src/db/dialect.ts'
import { dialectMysql } from '../../src/db/dialectMysql.ts'
import { dialectPostgres } from '../../src/db/dialectPostgres.ts'
import { COUNT_EXPIRED, EXPIRED } from '../../src/db/purgeRepository.ts'
import { listSecrets } from '../../src/db/secretListing.ts'
import { findSecret } from '../../src/db/secretRepository.ts'
import type { Statement } from '../../src/db/statement.ts'
import type { SecretQuery } from '../../src/domain/ports/secretRepositories.ts'
import { NOW } from '../contract/recordsForRepositories.ts'
import {
  freshServerDatabase,
  type ServerDatabase,
  type ServerKind,
} from '../support/serverDatabase.ts'

/*
 * What keeps the curves of `npm run bench -- --only scale` flat: each statement begins where its rows are
 * in an index, in their order. Few rows beside one project that holds half of them all, so that a planner
 * that thinks of all projects as equal would be wrong about each.
 */
const SCALE = { rows: 10_000 }

interface Explained {
  /** The indexes that a plan uses. */
  readonly indexes: readonly string[]
  readonly isSorted: boolean
  readonly isScan: boolean
}

type Explain = (connection: TableConnection, statement: Statement) => Promise<Explained>

const explainMysql: Explain = async (connection, { sql, params }) => {
  const { rows } = await connection.execute({ sql: `explain ${sql}`, params })
  return {
    indexes: rows.flatMap(({ key }) => (typeof key === 'string' ? [key] : [])),
    isSorted: rows.some(({ Extra: extra }) => String(extra).includes('filesort')),
    isScan: rows.some(({ type }) => type === 'ALL'),
  }
}

/** As prepared, without knowing the values: that is what the server settles on when a statement comes often. */
const explainPostgres: Explain = async (connection, { sql, params }) => {
  const say = (sql: string) => connection.execute({ sql, params: [] })
  await say('set plan_cache_mode = force_generic_plan')
  const numbered = params.reduce<string>(
    (text, _, index) => text.replace('?', `$${index + 1}`),
    sql,
  )
  await say(`prepare asked as ${numbered}`)
  const values = params.map((value) => (typeof value === 'number' ? value : `'${value}'`))
  const { rows } = await say(`explain execute asked(${values.join(', ')})`)
  await say('deallocate asked')
  const plan = rows.map((row) => String(row['QUERY PLAN'])).join('\n')
  return {
    indexes: [...plan.matchAll(/(?:using|Bitmap Index Scan on) (\w+)/g)].map(
      ([, name = '']) => name,
    ),
    isSorted: plan.includes('Sort'),
    isScan: plan.includes('Seq Scan'),
  }
}

const SOON = '2026-12-22T00:00:00.000000'
const A_PLACE = {
  projectId: projectAt(SCALE, { part: 'spread', row: 6 }),
  createdAt: NOW,
  secretId: idAt({ part: 'spread', row: 6 }),
}

const SERVERS = {
  mysql: { dialect: dialectMysql, explain: explainMysql, primary: 'PRIMARY' },
  postgresql: { dialect: dialectPostgres, explain: explainPostgres, primary: 'secrets_pkey' },
} satisfies Record<
  ServerKind,
  { readonly dialect: Dialect; readonly explain: Explain; readonly primary: string }
>

for (const kind of ['mysql', 'postgresql'] as const) {
  const { dialect, explain, primary } = SERVERS[kind]
  describe(`plans on ${kind}`, () => {
    const builder = knex({ client: dialect.knexClient })
    let database: ServerDatabase
    let connection: TableConnection
    before(async () => {
      database = await freshServerDatabase(kind)
      connection = await openTables(database.url, 'write')
      await fillScaled(connection, kind, SCALE)
    })
    after(async () => {
      await connection?.close()
      await database?.drop()
    })

    /** Of the page, behind the marker if there is one, and of the count. */
    async function plansOf(place: Place, query: Partial<SecretQuery>): Promise<Explained[]> {
      const statements = listSecrets(builder, dialect, {
        scope: { projectId: projectAt(SCALE, place) },
        ...{ filter: {}, sort: [], limit: 1, offset: 0, now: NOW, ...query },
      })
      const plans: Explained[] = []
      let step = statements.next()
      while (step.done !== true) {
        plans.push(await explain(connection, step.value))
        step = statements.next(await connection.execute(step.value))
      }
      return plans
    }

    const IN_ORDER = { indexes: ['secrets_in_list_order'], isSorted: false, isScan: false }

    for (const part of ['spread', 'large'] satisfies Part[]) {
      // Of a project that is half of a table of this size, MariaDB may count by reading the whole table: at most twice the work.
      const isCountFree = kind === 'mysql' && part === 'large'

      test(`a page walks its index without sorting, and so does its count: ${part}`, async () => {
        const [page, count] = await plansOf({ part, row: 6 }, {})
        assert.deepEqual(page, IN_ORDER)
        if (!isCountFree) assert.deepEqual(count, IN_ORDER)
      })

      test(`a page far from the beginning is found in the same index, and read by ids: ${part}`, async () => {
        const [places, page, count] = await plansOf({ part, row: 6 }, { offset: 60, limit: 10 })
        assert.deepEqual(places, IN_ORDER)
        assert.deepEqual([page?.indexes, page?.isScan], [[primary], false])
        if (!isCountFree) assert.deepEqual(count, IN_ORDER)
      })

      test(`a page after a marker starts there: ${part}`, async () => {
        const place = { part, row: 6 }
        const [marker, page] = await plansOf(place, { marker: idAt(place) })
        assert.deepEqual([marker?.indexes, marker?.isScan], [[primary], false])
        assert.deepEqual(page, IN_ORDER)
      })
    }

    for (const [what, name] of [
      ['name', nameAt({ part: 'large', row: 4446 })],
      ['beginning of one', `${nameAt({ part: 'large', row: 4446 })}%`],
    ] as const) {
      for (const part of ['spread', 'large'] satisfies Part[]) {
        test(`a ${what} is looked for where names stand: ${part}`, async () => {
          const plans = await plansOf({ part, row: 6 }, { filter: { name }, limit: 10 })
          for (const { indexes, isScan } of plans) {
            assert.deepEqual([indexes, isScan], [['secrets_by_name'], false])
          }
        })
      }
    }

    test('any part of a name is looked for in its project alone', async () => {
      const [page] = await plansOf({ part: 'spread', row: 6 }, { filter: { name: '%key%' } })
      // Both begin with the project.
      assert.match(String(page?.indexes), /^secrets_(in_list_order|by_name)$/)
      assert.equal(page?.isScan, false)
    })

    test('a read by id is a look into the primary key, for one and for many', async () => {
      const find = findSecret(dialect)
      const id = idAt({ part: 'spread', row: 6 })
      for (const [sql, count] of [
        [find.one, 1],
        [find.several(64), 64],
      ] as const) {
        const { indexes, isScan } = await explain(connection, {
          sql,
          params: Array(count * find.repeats).fill(id),
        })
        assert.equal(indexes.at(0), primary)
        assert.equal(isScan && kind === 'postgresql', false)
      }
    })

    test('what has expired is found in the order of its index, and counted inside it', async () => {
      const found = await explain(connection, { sql: EXPIRED, params: [NOW, 100, 0] })
      assert.deepEqual(found, {
        indexes: ['secrets_by_expiration'],
        isSorted: false,
        isScan: false,
      })
      const counted = await explain(connection, { sql: COUNT_EXPIRED, params: [NOW] })
      assert.deepEqual(counted.indexes, ['secrets_by_expiration'])
    })

    test('certificates that end, and warnings that are due, are found in their indexes, and never by reading all secrets', async () => {
      const say = (sql: string) => connection.execute({ sql, params: [] })
      // One in a hundred ends this month; the others are in no hurry.
      const end = "case when secrets.id < '02' then '2026-11-30' else '2030-01-01' end"
      await say(
        'insert into certificate_facts (secret_id, project_id, kind, not_before, not_after, warn_at, chain, own_key, links) ' +
          `select secrets.id, secrets.project_id, 'certificate', '2020-01-01', ${end}, ${end}, 'open', 'none', '[]' from secrets`,
      )
      await say(kind === 'mysql' ? 'analyze table certificate_facts' : 'analyze certificate_facts')
      const count = { sql: COUNT_CERTIFICATES, params: [NOW, NOW, NOW, SOON, NOW] }
      const due = { sql: DUE_WARNINGS, params: [NOW, NOW, 100] }
      for (const [statement, index] of [
        [count, 'certificate_facts_by_end'],
        [due, 'certificate_facts_to_warn_of'],
      ] as const) {
        const { indexes, isScan } = await explain(connection, statement)
        assert.deepEqual([indexes.toSorted(), isScan], [[index, primary].toSorted(), false])
      }
      const survey = { sql: secretsBehind(A_PLACE), params: [...placeParams(A_PLACE), 100] }
      const { indexes, isSorted } = await explain(connection, survey)
      assert.ok(indexes.includes('secrets_in_list_order'), String(indexes))
      assert.equal(isSorted, false)
    })
  })
}
